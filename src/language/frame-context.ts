/** The real world of an expression: a frame (or none: then the files alone answer), its thread's registers, the images. */
import { fileAddress, u64, type Address } from '../common/addresses.js';
import { DeetError } from '../common/errors.js';
import type { FrameContext, Location } from '../dwarf/location.js';
import { locate } from '../dwarf/machine.js';
import { Op } from '../dwarf/operations.js';
import type { Frame, ImageMap, LoadedImage } from '../inferior/frame.js';
import { plainMangledName, withoutReturnType } from '../symbols/cxx-names.js';
import type { ElfSymbol, FunctionSymbol, Variable } from '../symbols/model.js';
import type { CType } from '../symbols/types.js';
import type { ConvenienceVariables, EvaluationContext, NamedAddress, RegisterFile, ValueHistory } from './context.js';
import { resolveType } from './dynamic-types.js';
import { FrameNames } from './frame-names.js';
import { dwarfRegisterNumber, placeOf, registerBytes } from './location-place.js';
import { cannotAccess, MissingPlace, type Memory } from './place.js';
import type { Macro } from './macros.js';
import { DEFAULT_SETTINGS, type PrintSettings } from './settings.js';
import { demangledParameters } from './type-name.js';
import { sizeOf } from './types.js';
import { Value } from './value.js';
import type { Outward } from './visible-scopes.js';

/** A thread's own registers by hardware name, whole: what a frame's unwound ones do not cover. */
export interface ThreadRegisters {
  read(name: string): Uint8Array | undefined;
  write(name: string, bytes: Uint8Array): void;
}

export interface World {
  readonly images: ImageMap;
  /** Undefined: no process; memory is what the files hold. */
  readonly memory?: Memory;
  readonly frame?: Frame;
  readonly thread?: ThreadRegisters;
  readonly history?: ValueHistory;
  readonly variables?: ConvenienceVariables;
  readonly settings?: Partial<PrintSettings>;
  /** Overrides what the frame's function (or `main`) is written in. */
  readonly language?: 'c' | 'c++';
  /** Macros of the user's own, before those of the program. */
  readonly macros?: ReadonlyMap<string, Macro>;
  /** Frames further out, for the names around a nested function. */
  readonly outward?: Outward;
  /** The newest frame of a function, for `f::local`. */
  frameOf?(fn: FunctionSymbol): Frame | undefined;
  /** Thread-local storage of images other than the frame's. */
  tlsAddress?(loaded: LoadedImage, offset: bigint): Address | undefined;
  /** C++ symbols in their own words (abi::__cxa_demangle); undefined: the name is not mangled. */
  demangle?(name: string): string | undefined;
  warn?(message: string): void;
  callers?(): Iterable<string | undefined>;
  frameWith?(name: string): string | undefined;
  setting?(name: string): string | number | boolean | undefined;
}

const NO_HISTORY: ValueHistory = { length: 0, at: () => undefined };

/** Convenience variables for a world that brings none: they last as long as the context. */
export function variableStore(): ConvenienceVariables {
  const values = new Map<string, Value>();
  return {
    names: () => values.keys(),
    get: (name) => values.get(name),
    set: (name, value) => void values.set(name, value),
  };
}

/** What an expression sees in this world. Cheap: everything is looked up when asked for. */
export function frameContext(world: World): EvaluationContext {
  return new RealContext(world);
}

class RealContext implements EvaluationContext {
  readonly language: 'c' | 'c++';
  readonly memory: Memory;
  readonly names: FrameNames;
  readonly registers: RegisterFile;
  readonly history: ValueHistory;
  readonly variables: ConvenienceVariables;
  readonly settings: PrintSettings;

  constructor(private readonly world: World) {
    this.memory = world.memory ?? fileMemory(world.images);
    this.language = world.language ?? languageOf(world);
    this.history = world.history ?? NO_HISTORY;
    this.variables = world.variables ?? variableStore();
    this.settings = { ...DEFAULT_SETTINGS, ...world.settings };
    this.registers = {
      read: (name) => this.#readRegister(name),
      write: (name, bytes) => {
        this.#writeRegister(name, bytes, world.frame);
      },
    };
    this.names = new FrameNames({
      images: world.images,
      memory: this.memory,
      frame: world.frame,
      language: this.language,
      variable: (variable, frame) => this.variable(variable, frame),
      tlsAddress: (loaded, offset) => this.#frameContext(undefined, loaded).tlsAddress(offset),
      macros: world.macros,
      outward: world.outward,
      ...(world.frameOf ? { frameOf: world.frameOf.bind(world) } : {}),
    });
  }

  callers(): Iterable<string | undefined> {
    return this.world.callers?.() ?? [];
  }

  frameWith(name: string): string | undefined {
    return this.world.frameWith?.(name);
  }

  setting(name: string): string | number | boolean | undefined {
    return this.world.setting?.(name);
  }

  warn(message: string): void {
    this.world.warn?.(message);
  }

  symbolAt(address: Address): NamedAddress | undefined {
    const loaded = this.world.images.imageAt(address);
    if (!loaded) return undefined;
    const at = Number(address - loaded.bias);
    const symbol = loaded.image.symbolAt(fileAddress(at));
    const name = symbol && (this.#demangled(loaded, symbol) ?? this.#plainName(loaded, symbol));
    return symbol && name !== undefined && namesPlace(symbol) ? { name, offset: at - symbol.address } : undefined;
  }

  /** Mangled names of templates begin with what the function returns; where there is debug information, it names the function, and does not. */
  #demangled({ image }: LoadedImage, symbol: ElfSymbol): string | undefined {
    const demangled = this.world.demangle?.(symbol.name);
    const short = demangled === undefined ? undefined : withoutReturnType(demangled);
    return short === demangled || symbol.type !== 'function' || !image.functionAt(symbol.address) ? demangled : short;
  }

  /** C++'s `main` is not mangled, but shown with its parameters like every other function. */
  #plainName({ image }: LoadedImage, symbol: ElfSymbol): string {
    // gcc numbers the static variables of functions: count.0, count.1.
    if (symbol.type === 'object') return symbol.name.replace(/(?<=.)\.\d+$/, '');
    const isClone = symbol.name.includes('.');
    if ((this.language === 'c' && !isClone) || symbol.type !== 'function') return symbol.name;
    const fn = image.functionAt(symbol.address);
    // Nor what the compiler has made of a function: f.isra.0, f.constprop.1.
    if (isClone) return fn?.entry === symbol.address && symbol.name.startsWith(`${fn.name}.`) ? fn.name : symbol.name;
    const own = fn?.language === 'c++' && fn.entry === symbol.address && fn.name === symbol.name;
    return own ? symbol.name + demangledParameters(fn.type) : symbol.name;
  }

  virtualBase(object: Value, location: Parameters<typeof locate>[0]): number | undefined {
    const { address } = object;
    if (address === undefined) return undefined;
    const found = locate(location, withObject(this.#frameContext(undefined, undefined), address), [address]);
    return found.kind === 'memory' ? Number(BigInt.asIntN(64, found.address - address)) : undefined;
  }

  /** A variable where it lives; what the compiler removed says so when read. */
  variable(variable: Variable, of: Frame | undefined): Value {
    const loaded = this.#loaded(variable);
    const frame = of ?? (isRegister(variable) ? this.world.frame : undefined);
    const context = this.#frameContext(frame, loaded);
    const type = resolveType(variable.type, frame ? context : undefined, (bound) => this.#boundOf(bound, frame));
    return new Value(type, this.#place(variable, type, context, frame, loaded));
  }

  #place(
    variable: Variable,
    type: CType,
    context: FrameContext,
    frame: Frame | undefined,
    loaded: LoadedImage | undefined,
  ): Value['place'] {
    const local = variable.role === 'parameter' || variable.role === 'local';
    if (local && !frame && variable.location)
      return new MissingPlace(`No frame is currently executing in the block of ${variable.name}.`, 'register');
    const location =
      variable.location === undefined && variable.isDeclaration ? this.#bySymbol(variable, loaded) : locate(variable.location, context);
    const withoutThread = location.kind === 'unavailable' && !this.world.thread && isThreadLocal(variable);
    if (withoutThread || (!frame && location.kind === 'register'))
      return new MissingPlace(
        `Cannot read \`${variable.name}' without registers: each thread has its own, and none is stopped.`,
        'register',
      );
    return placeOf(this.#interposed(variable, loaded, location), sizeOf(type) ?? 0, {
      memory: this.memory,
      context,
      objectAt: (die) => {
        const { location: own } = variable;
        return locate(own && own.kind !== 'constant' ? own.unit.objectAt(die) : undefined, context);
      },
      writeRegister: (name, bytes) => {
        this.#writeRegister(name, bytes, frame);
      },
    });
  }

  /** A library's variable is where the program has one of that name: its own, or the library's, moved there. */
  #interposed(variable: Variable, loaded: LoadedImage | undefined, location: Location): Location {
    const [program] = this.world.images.all();
    if (variable.role !== 'global' || location.kind !== 'memory' || !loaded || loaded === program) return location;
    const name = variable.linkageName ?? variable.name;
    const address = program.image.exportedVariable(name);
    if (address === undefined || loaded.image.exportedVariable(name) === undefined) return location;
    return { kind: 'memory', address: BigInt(address) + program.bias };
  }

  /** `extern` with its definition in a file without debug information: the linker knows where. */
  #bySymbol(variable: Variable, loaded: LoadedImage | undefined): Location {
    const { qualifiedName } = variable;
    const name = variable.linkageName ?? (qualifiedName === undefined ? variable.name : plainMangledName(qualifiedName));
    if (name === undefined) return { kind: 'unavailable', reason: `no definition of ${variable.name}`, optimizedOut: true };
    for (const image of loaded ? [loaded, ...this.world.images.all()] : this.world.images.all()) {
      const symbol = image.image.symbolsNamed(name).find((entry) => entry.type === 'object' && entry.address !== 0);
      if (symbol) return { kind: 'memory', address: BigInt(symbol.address) + image.bias };
    }
    return { kind: 'unavailable', reason: `no definition of ${name}`, optimizedOut: true };
  }

  #boundOf(bound: Variable, frame: Frame | undefined): Uint8Array | undefined {
    try {
      return this.variable(bound.location ? bound : (ownInstance(bound, frame) ?? bound), frame).bytes();
    } catch (error) {
      if (error instanceof DeetError) return undefined;
      throw error;
    }
  }

  #loaded(variable: Variable): LoadedImage | undefined {
    const own = this.world.frame?.loaded;
    return own?.image === variable.image ? own : this.world.images.all().find((loaded) => loaded.image === variable.image);
  }

  /** The frame's context for its own image; for others only what needs no frame, with their own bias. */
  #frameContext(frame: Frame | undefined, loaded: LoadedImage | undefined): FrameContext {
    if (frame) return frame.context;
    const own = this.world.frame;
    const sameImage = own?.loaded !== undefined && own.loaded.image === loaded?.image;
    return {
      memory: this.memory,
      register: () => undefined,
      wideRegister: () => undefined,
      bias: loaded?.bias ?? 0n,
      listAddress: 0,
      frameBase: () => undefined,
      cfa: () => undefined,
      tlsAddress: (offset) =>
        (loaded && this.world.tlsAddress?.(loaded, offset)) ?? (sameImage ? own.context.tlsAddress(offset) : undefined),
      entryValue: () => undefined,
    };
  }

  #readRegister(name: string): Uint8Array | undefined {
    const { frame, thread } = this.world;
    if (!frame && !thread) throw new DeetError('no-process', 'No registers.', 'Start the program first: run');
    const number = dwarfRegisterNumber(name);
    const known = frame && number !== undefined ? registerBytes(frame.context, number) : undefined;
    if (frame && name === 'rip') return pcBytes(frame.pc);
    if (known) return known;
    // What call-frame information says nothing about is as the thread has it.
    const unwound = number !== undefined && number <= 16;
    return unwound && frame && frame.level > 0 ? undefined : thread?.read(name);
  }

  #writeRegister(name: string, bytes: Uint8Array, frame: Frame | undefined): void {
    const number = dwarfRegisterNumber(name);
    const saved = frame && number !== undefined ? frame.savedAt(number) : undefined;
    if (saved !== undefined) {
      this.memory.write(saved, bytes);
      return;
    }
    if (!this.world.thread) throw new DeetError('no-process', 'No registers.', 'Start the program first: run');
    this.world.thread.write(name, bytes);
  }
}

/** The types of an inlined call are those of its abstract instance, whose variables are nowhere: the one of this frame. */
function ownInstance({ name }: Variable, frame: Frame | undefined): Variable | undefined {
  for (let scope = frame?.scope; scope; scope = scope.kind === 'block' ? scope.parent : undefined) {
    const found = scope.variables().find((variable) => variable.name === name && variable.location);
    if (found) return found;
  }
  return undefined;
}

/** Its location ends with DW_OP_form_tls_address, or GNU's that was before (DWARF 5, 2.5.1.3). */
function isThreadLocal({ location }: Variable): boolean {
  const last = location?.kind === 'expression' ? location.bytes.at(-1) : undefined;
  return last === Op.form_tls_address || last === Op.GNU_push_tls_address;
}

/** A global variable that the program keeps in a register (`register long counter asm("r15")`). */
function isRegister({ location, role }: Variable): boolean {
  if (role !== 'global' && role !== 'file-static') return false;
  const [first] = location?.kind === 'expression' ? location.bytes : [];
  return first !== undefined && ((first >= Op.reg0 && first <= Op.reg0 + 31) || first === Op.regx);
}

/** Labels in code count although they have no size; elsewhere a symbol without a size names nothing but its own address (gdb's rule). */
function namesPlace(symbol: ElfSymbol): boolean {
  return (
    symbol.size > 0 || symbol.type === 'function' || symbol.type === 'ifunc' || /^\.(?:text|init|fini|plt)(?!_)/.test(symbol.section ?? '')
  );
}

function pcBytes(pc: Address): Uint8Array {
  const bytes = new Uint8Array(8);
  new DataView(bytes.buffer).setBigUint64(0, u64(pc), true);
  return bytes;
}

function withObject(context: FrameContext, objectAddress: Address): FrameContext {
  return { ...context, objectAddress };
}

/**
 * Code without debug information does not say; then it is what main is written in, as in gdb. Rust's expressions are read as C++'s: its names have
 * modules as C++'s have namespaces.
 */
function languageOf(world: World): 'c' | 'c++' {
  const { language } = world.frame?.function ?? mainOf(world.images) ?? {};
  return language === 'c++' || language === 'rust' ? 'c++' : 'c';
}

function mainOf(images: ImageMap): FunctionSymbol | undefined {
  for (const { image } of images.all()) {
    const [main] = image.functionsNamed('main');
    if (main) return main;
  }
  return undefined;
}

/** Before the program runs: initialised data as the files hold it. */
export function fileMemory(images: ImageMap): Memory {
  return {
    read(address, length) {
      const loaded = images.imageAt(address);
      // A relocatable file's first page will not lie at 0: null pointers must stay null.
      if (!loaded || address < 0x1000n) throw cannotAccess(address);
      const at = fileAddress(Number(address - loaded.bias));
      const bytes = loaded.image.bytesAt(at, length);
      if (bytes?.length === length) return bytes;
      // .bss has no bytes in the file: its objects begin as zeros.
      if (loaded.image.bytesAt(at, 1) === undefined && loaded.image.symbolAt(at)?.type === 'object') return new Uint8Array(length);
      throw cannotAccess(address);
    },
    write(address) {
      throw new DeetError('memory', `Cannot access memory at address 0x${address.toString(16)}`, 'Start the program first: run');
    },
  };
}

/** One file on its own, at its own addresses. */
export function singleImage(loaded: LoadedImage): ImageMap {
  const { low, high } = loaded.image.span;
  return {
    imageAt: (address) => (address >= BigInt(low) + loaded.bias && address < BigInt(high) + loaded.bias ? loaded : undefined),
    all: () => [loaded],
  };
}
