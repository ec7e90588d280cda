/** A stopped thread of the session as the explanations look at it: the one place where insight/ meets inferior/ for crashes. */
import { fileAddress, type Address } from '../common/addresses.js';
import type { FrameContext } from '../dwarf/location.js';
import { locate } from '../dwarf/machine.js';
import { frameLabel, type Frame, type LoadedImage } from '../inferior/frame.js';
import type { Stack } from '../inferior/frames.js';
import type { Process } from '../inferior/process.js';
import type { Thread } from '../inferior/thread.js';
import { asArray, asStruct, sizeOf } from '../language/types.js';
import { readLimit, readStat } from '../linux/proc.js';
import { Word, type RegisterName } from '../linux/registers.js';
import type { SignalInfo } from '../linux/siginfo.js';
import { demangledName } from '../symbols/cxx-names.js';
import type { SourcePosition, Variable } from '../symbols/model.js';
import type { CType } from '../symbols/types.js';
import type { CrashFrame, CrashScene, LocatedVariable } from './crash.js';
import type { NamedAddress, SourcePlace } from './family.js';
import { OpenFiles } from './open_files.js';
import { isOwnCode } from './own_code.js';
import { nounFor } from './wait_facts.js';

/** By DWARF number (System V ABI, figure 3.36). */
const dwarfRegisters = ['rax', 'rdx', 'rcx', 'rbx', 'rsi', 'rdi', 'rbp', 'rsp', 'r8', 'r9', 'r10', 'r11', 'r12', 'r13', 'r14', 'r15'];

const placeOf = (position: SourcePosition | undefined, name: string | undefined): SourcePlace | undefined =>
  position && {
    file: position.file.path,
    line: position.line,
    ...(position.column ? { column: position.column } : {}),
    ...(name === undefined ? {} : { function: name }),
  };

const inFile = (loaded: LoadedImage, address: Address): ReturnType<typeof fileAddress> => fileAddress(Number(address - loaded.bias));

/** Structures within structures. */
const deepest = 8;

/** The member that an offset in an object lies in: down to what the C library makes of its own (`pthread_mutex_t`), or to what has no members. */
export const memberAt = (
  type: CType,
  offset: number,
  depth = 0,
): { suffix: string; rest: number; typeName: string | undefined } | undefined => {
  const typeName = 'name' in type ? type.name : undefined;
  const here = { suffix: '', rest: offset, typeName };
  if (depth > deepest || /^(?:pthread_\w+|sem|mtx|cnd)_t$/.test(typeName ?? '')) return here;
  const array = asArray(type);
  const step = array && asStruct(array.element) && sizeOf(array.element);
  if (array && step) {
    const inner = memberAt(array.element, offset % step, depth + 1);
    return inner && { ...inner, suffix: `[${Math.floor(offset / step)}]${inner.suffix}` };
  }
  const member = asStruct(type)
    ?.members()
    .find((each) => !each.staticVariable && offset >= each.offset && offset < each.offset + (sizeOf(each.type) ?? 0));
  if (!member) return here;
  const inner = memberAt(member.type, offset - member.offset, depth + 1);
  return inner && { ...inner, suffix: (member.name === undefined || member.isBase ? '' : `.${member.name}`) + inner.suffix };
};

/** What debug information may call a symbol's variable: C++ names are mangled (`_ZL5forks`), static variables of functions have numbers (`buffer.0`). */
const variableNames = (symbol: string): string[] => {
  const plain = symbol.replace(/\.\d+$/, '');
  const demangled = demangledName(plain);
  return [...new Set([symbol, plain, ...(demangled === undefined ? [] : [demangled])])];
};

/** The symbol, or the member of a variable, that covers an address. */
export const symbolAt = (process: Pick<Process, 'images'>, address: Address): NamedAddress | undefined => {
  const loaded = process.images.imageAt(address);
  if (!loaded) return undefined;
  const at = inFile(loaded, address);
  const symbol = loaded.image.symbolAt(at);
  if (!symbol || (symbol.size > 0 && at >= symbol.address + symbol.size)) return undefined;
  const type =
    symbol.type === 'object' ? variableNames(symbol.name).flatMap((name) => loaded.image.variablesNamed(name))[0]?.type : undefined;
  const offset = at - symbol.address;
  const image = loaded.image.path;
  const member = type && memberAt(type, offset);
  // Of a stub whoever asks wants the function that it jumps to: without `@plt`.
  const name = (symbol.name.endsWith('@plt') ? undefined : demangledName(symbol.name)) ?? symbol.name;
  if (!member) return { name, offset, image };
  const { suffix, rest, typeName } = member;
  return { name: name + suffix, offset: rest, image, ...(typeName === undefined ? {} : { type: typeName }) };
};

/** The address of a symbol, in whichever file of the process has it first. */
export const symbolNamed = (process: Pick<Process, 'images'>, name: string): Address | undefined => {
  for (const { image, bias } of process.images.all()) {
    const symbol = image.symbolsNamed(name).find(({ address }) => address !== 0);
    if (symbol) return BigInt(symbol.address) + bias;
  }
  return undefined;
};

/** Only the bias matters to the location of a global. */
const staticContext = (process: Process, loaded: LoadedImage): FrameContext => ({
  memory: process.space,
  register: () => undefined,
  wideRegister: () => undefined,
  bias: loaded.bias,
  listAddress: 0,
  frameBase: () => undefined,
  cfa: () => undefined,
  tlsAddress: () => undefined,
  entryValue: () => undefined,
});

/** The global variable that covers an address. */
export const variableAt = (process: Process, address: Address): LocatedVariable | undefined => {
  const loaded = process.images.imageAt(address);
  const symbol = loaded?.image.symbolAt(inFile(loaded, address));
  if (!symbol || !loaded) return undefined;
  const context = staticContext(process, loaded);
  const covers = (variable: Variable): LocatedVariable | undefined => {
    const location = locate(variable.location, context);
    if (location.kind !== 'memory') return undefined;
    const offset = address - location.address;
    return offset >= 0n && offset < BigInt(sizeOf(variable.type) ?? 0) ? { name: variable.name, type: variable.type, location } : undefined;
  };
  for (const name of variableNames(symbol.name))
    for (const variable of loaded.image.variablesNamed(name)) {
      const found = covers(variable);
      if (found) return found;
    }
  return undefined;
};

/** What a stack of inlined frames has in scope: up to the frame's own function. */
const variablesOf = (frame: Frame): LocatedVariable[] => {
  const found: LocatedVariable[] = [];
  for (let scope = frame.scope; scope; scope = scope.parent) {
    for (const variable of scope.variables())
      found.push({ name: variable.name, type: variable.type, location: locate(variable.location, frame.context) });
    if (scope.kind === 'inlined') break;
  }
  return found;
};

/** Lines and names are looked up when asked for: of most frames only the file is. */
class ThreadFrame implements CrashFrame {
  readonly pc: Address;
  readonly lookup: Address;
  readonly image: string | undefined;
  readonly cfa: Address;
  readonly inlined: boolean;
  #variables: LocatedVariable[] | undefined;

  constructor(private readonly frame: Frame) {
    this.pc = frame.pc;
    this.lookup = frame.lookup;
    this.image = frame.loaded?.image.path;
    this.cfa = frame.cfa;
    this.inlined = frame.kind === 'inlined';
  }

  get functionName(): string | undefined {
    return frameLabel(this.frame) ?? this.frame.functionName;
  }

  get functionStart(): Address | undefined {
    const { loaded, symbolOffset, scope, function: own } = this.frame;
    const entry = scope?.owner.entry ?? own?.entry;
    // Code split off a function (.cold) does not follow its entry: the trace sees that lookup is before it, or too far.
    if (loaded && entry !== undefined) return BigInt(entry) + loaded.bias;
    return symbolOffset === undefined ? undefined : this.pc - BigInt(symbolOffset);
  }

  get place(): SourcePlace | undefined {
    return placeOf(this.frame.position, this.frame.functionName);
  }

  register(name: string): bigint | undefined {
    const number = dwarfRegisters.indexOf(name);
    return number < 0 ? undefined : this.frame.context.register(number);
  }

  variables(): readonly LocatedVariable[] {
    return (this.#variables ??= variablesOf(this.frame));
  }
}

/** Frames of a stack as explanations see them, the innermost first; unwound as far as they are taken. */
export function* walkFrames(stack: Stack, limit: number): Generator<CrashFrame> {
  let count = 0;
  for (const frame of stack) {
    if (count++ >= limit) return;
    yield new ThreadFrame(frame);
  }
}

/** Frames looked at for the user's own. */
const fewFrames = 32;

/** Where a stack stands in the user's own code. In what has no lines, such as most programs of the system, it stands nowhere: the C library's are no answer. */
export const placeIn = (stack: Stack): SourcePlace | undefined => ownFramesOf(stack, 1)[0]?.place;

/** The innermost frames of the user's own code, from within outwards. */
export const ownFramesOf = (stack: Stack, most: number): readonly CrashFrame[] => {
  const found: CrashFrame[] = [];
  for (const frame of walkFrames(stack, fewFrames)) if (isOwnCode(frame) && found.push(frame) === most) break;
  return found;
};

class ThreadScene implements CrashScene {
  readonly pid: number;
  readonly program: string;
  readonly memory: CrashScene['memory'];
  #files: OpenFiles | undefined;

  constructor(
    private readonly thread: Thread,
    private readonly stack: Stack,
    private readonly options: SceneOptions,
  ) {
    this.pid = thread.process.pid;
    this.program = thread.process.program;
    this.memory = thread.process.space;
  }

  get signal(): SignalInfo | undefined {
    return this.options.signal;
  }

  register(name: string): bigint | undefined {
    return name in Word ? this.thread.registers()[Word[name as RegisterName]] : undefined;
  }

  frames(limit: number): readonly CrashFrame[] {
    return [...walkFrames(this.stack, limit)];
  }

  maps(): ReturnType<CrashScene['maps']> {
    return this.thread.process.source.maps();
  }

  symbolAt(address: Address): NamedAddress | undefined {
    return symbolAt(this.thread.process, address);
  }

  variableAt(address: Address): LocatedVariable | undefined {
    return variableAt(this.thread.process, address);
  }

  symbolNamed(name: string): Address | undefined {
    return symbolNamed(this.thread.process, name);
  }

  descriptor(fd: number): ReturnType<NonNullable<CrashScene['descriptor']>> {
    if (!this.thread.process.source.live) return undefined;
    this.#files ??= new OpenFiles(this.options.family ?? [this.pid]);
    const descriptor = this.#files.find(this.pid, fd);
    const peers = descriptor && this.#files.peers(this.pid, descriptor);
    return descriptor && { noun: nounFor(descriptor), ...(peers ? { peers } : {}) };
  }

  limit(name: string): number | undefined {
    return this.thread.process.source.live ? readLimit(this.pid, name) : undefined;
  }

  get lostParent(): number | undefined {
    const { parent } = this.thread.process;
    return parent && !parent.alive ? parent.pid : undefined;
  }

  processName(pid: number): string | undefined {
    return this.thread.process.source.live ? readStat(pid)?.name : undefined;
  }
}

export interface SceneOptions {
  /** siginfo of the signal that stopped it. */
  readonly signal?: SignalInfo;
  /** Pids of the family, for who holds the other ends. */
  readonly family?: readonly number[];
}

/** A view of a stopped thread, good until it runs again. */
export const sceneOf = (thread: Thread, stack: Stack, options: SceneOptions = {}): CrashScene => new ThreadScene(thread, stack, options);
