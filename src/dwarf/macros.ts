/**
 * Macros as `gcc -g3` and `clang -fdebug-macro` record them: .debug_macro (DWARF 5, 6.3; the GNU version 4 is the same in
 * other clothes) and .debug_macinfo before it. What is read is a sequence of events in the order of the preprocessor.
 */
import { Reader } from '../common/reader.js';
import { At, MacroOp } from './constants.js';
import type { Unit } from './unit.js';

export type MacroEvent =
  | { readonly kind: 'define' | 'undef'; readonly line: number; /** `NAME BODY` or `NAME(A,B) BODY`. */ readonly text: string }
  | { readonly kind: 'start'; readonly line: number; /** Number in the line table of the unit. */ readonly file: number }
  | { readonly kind: 'end' };

/** Imports nest a few deep, and no program has this many events: more is damage. */
const MAX_DEPTH = 32;
const MAX_EVENTS = 5_000_000;

/** Calls `visit` for each event until it returns true. @throws FormatError on damage, after the events before it */
export const readMacros = (unit: Unit, visit: (event: MacroEvent) => boolean | void): void => {
  const offset = unit.root.number(At.macros) ?? unit.root.number(At.GNU_macros);
  if (offset !== undefined) {
    new MacroReader(unit, visit).unitAt(offset + (unit.contributions?.macro ?? 0));
    return;
  }
  const old = unit.root.number(At.macro_info);
  if (old !== undefined) readMacinfo(unit, old, visit);
};

class MacroReader {
  private count = 0;
  private done = false;

  constructor(
    private readonly unit: Unit,
    private readonly visit: (event: MacroEvent) => boolean | void,
  ) {}

  private emit(event: MacroEvent): void {
    if (this.visit(event) || ++this.count > MAX_EVENTS) this.done = true;
  }

  private readonly open = new Set<number>();

  /** One macro unit: a header and its entries (6.3.1). One that imports itself (gcc leaves such in .dwo files) does so once. */
  unitAt(offset: number): void {
    if (this.open.has(offset)) return;
    if (this.open.size > MAX_DEPTH) return;
    this.open.add(offset);
    this.entriesAt(offset);
    this.open.delete(offset);
  }

  private entriesAt(offset: number): void {
    const { unit } = this;
    const reader = new Reader(unit.file.section('macro'), '.debug_macro', 0);
    reader.seek(offset);
    const version = reader.u16();
    if (version !== 4 && version !== 5) reader.fail(`macro unit of version ${version}`, offset);
    const flags = reader.u8();
    const offsetSize = flags & 1 ? 8 : 4;
    if (flags & 2) reader.skip(offsetSize); // of the line table: the unit's own
    if (flags & 4) reader.fail('operand tables of vendors are not supported', offset);
    const text = (section: 'str', from = unit.file): string => from.string(section, reader.unsigned(offsetSize));
    while (!this.done) {
      const operation = reader.u8();
      const at = reader.offset - 1;
      switch (operation) {
        case 0:
          return;
        case MacroOp.define:
        case MacroOp.undef: {
          const line = reader.uleb();
          this.emit({ kind: operation === MacroOp.define ? 'define' : 'undef', line, text: reader.cstring() });
          break;
        }
        case MacroOp.define_strp:
        case MacroOp.undef_strp: {
          const line = reader.uleb();
          this.emit({ kind: operation === MacroOp.define_strp ? 'define' : 'undef', line, text: text('str') });
          break;
        }
        case MacroOp.define_strx:
        case MacroOp.undef_strx: {
          const line = reader.uleb();
          const string = unit.stringAtIndex(reader.uleb()) ?? '';
          this.emit({ kind: operation === MacroOp.define_strx ? 'define' : 'undef', line, text: string });
          break;
        }
        case MacroOp.define_sup:
        case MacroOp.undef_sup: {
          const line = reader.uleb();
          const supplementary = unit.file.supplementary();
          const string = supplementary ? text('str', supplementary) : (reader.skip(offsetSize), '');
          if (string !== '') this.emit({ kind: operation === MacroOp.define_sup ? 'define' : 'undef', line, text: string });
          break;
        }
        case MacroOp.start_file: {
          const line = reader.uleb();
          this.emit({ kind: 'start', line, file: reader.uleb() });
          break;
        }
        case MacroOp.end_file:
          this.emit({ kind: 'end' });
          break;
        case MacroOp.import:
          this.unitAt(reader.unsigned(offsetSize) + (unit.contributions?.macro ?? 0));
          break;
        case MacroOp.import_sup:
          reader.skip(offsetSize);
          break;
        default:
          reader.fail(`macro entry of kind ${operation}`, at);
      }
    }
  }
}

/** DW_MACINFO (DWARF 4, 6.3 and 7.22): the same entries without a header. */
const readMacinfo = (unit: Unit, offset: number, visit: (event: MacroEvent) => boolean | void): void => {
  const reader = new Reader(unit.file.section('macinfo'), '.debug_macinfo', 0);
  reader.seek(offset);
  for (let count = 0; count < MAX_EVENTS; count++) {
    const kind = reader.u8();
    if (kind === 0) return;
    let event: MacroEvent | undefined;
    if (kind === 4) event = { kind: 'end' };
    else {
      const line = reader.uleb();
      if (kind === 1) event = { kind: 'define', line, text: reader.cstring() };
      else if (kind === 2) event = { kind: 'undef', line, text: reader.cstring() };
      else if (kind === 3) event = { kind: 'start', line, file: reader.uleb() };
      else reader.skipCString(); // DW_MACINFO_vendor_ext
    }
    if (event && visit(event)) return;
  }
};
