/**
 * The text of an instruction as binutils writes it, on top of iced-x86's formatter. AT&T syntax is to the letter what gdb and
 * objdump show; Intel syntax follows `objdump -M intel`. The formatter differs from binutils in a few places, each mended below.
 */
import type * as Iced from 'iced-x86';
import type { Address } from '../common/addresses.js';
import { hex } from '../common/addresses.js';

export type Syntax = 'att' | 'intel';

/** objdump pads the mnemonic, with its prefixes, to this width. */
const mnemonicWidth = 6;

const prefixes = /^(?:(?:lock|repz|repnz|rep|notrack|bnd|data16|rex\.W|addr32|xacquire|xrelease|[cdefgs]s) )+/;

/** Bytes before the opcode: legacy prefixes, then REX (Intel SDM volume 2, 2.1.1 and 2.2.1). */
const isLegacyPrefix = (byte: number): boolean => [0x66, 0x67, 0xf0, 0xf2, 0xf3, 0x2e, 0x36, 0x3e, 0x26, 0x64, 0x65].includes(byte);

const opcodeIndex = (bytes: Uint8Array): number => {
  let index = 0;
  while (index < bytes.length && isLegacyPrefix(bytes[index] ?? 0)) index++;
  return ((bytes[index] ?? 0) & 0xf0) === 0x40 ? index + 1 : index;
};

/**
 * Prefixes that change nothing, which binutils spells out: compilers lengthen nop instructions with them, and linkers those of
 * thread-local storage (ELF Handling for Thread-Local Storage, 4.1.6), where REX.W overrides the operand size.
 */
const idlePrefixes = (bytes: Uint8Array, isNop: boolean): string => {
  const index = opcodeIndex(bytes);
  const list = bytes.subarray(0, index);
  const sizes = list.filter((byte) => byte === 0x66).length;
  const wide = index > 0 && ((bytes[index - 1] ?? 0) & 0xf8) === 0x48;
  const opcode = bytes[index];
  const idle = isNop ? Math.max(0, sizes - 1) : wide && opcode !== 0x0f ? sizes : 0;
  const rex = wide && opcode === 0xe8 ? 'rex.W ' : '';
  return 'data16 '.repeat(idle) + rex + (isNop && list.includes(0x2e) ? 'cs ' : '');
};

export class AssemblyText {
  private readonly formatter: Iced.Formatter;

  constructor(
    private readonly iced: typeof Iced,
    private readonly syntax: Syntax,
  ) {
    const formatter = new iced.Formatter(syntax === 'att' ? iced.FormatterSyntax.Gas : iced.FormatterSyntax.Intel);
    formatter.hexPrefix = '0x';
    formatter.hexSuffix = '';
    formatter.uppercaseHex = false;
    formatter.smallHexNumbersInDecimal = false;
    formatter.branchLeadingZeros = false;
    formatter.ripRelativeAddresses = true;
    formatter.showBranchSize = false;
    formatter.spaceAfterOperandSeparator = false;
    formatter.alwaysShowScale = syntax === 'intel';
    if (syntax === 'intel') formatter.memorySizeOptions = iced.MemorySizeOptions.Always;
    this.formatter = formatter;
  }

  /** `bytes` are exactly the instruction's. */
  format(instruction: Iced.Instruction, bytes: Uint8Array, symbolize?: (address: Address) => string | undefined): string {
    if (instruction.isInvalid) return '(bad)';
    const plain = this.syntax === 'att' ? this.att(instruction, bytes) : this.intel(instruction, bytes);
    const prefix = prefixes.exec(plain)?.[0] ?? '';
    const [mnemonic = '', ...rest] = plain.slice(prefix.length).split(' ');
    const operands = rest.join(' ');
    const padded = operands === '' ? prefix + mnemonic : `${prefix}${mnemonic}`.padEnd(mnemonicWidth) + ` ${operands}`;
    return padded + this.annotation(instruction, symbolize);
  }

  /** ` <main+4>` behind a jump's or call's target; `        # 0x404028 <counter>` where an address is relative to rip. */
  private annotation(instruction: Iced.Instruction, symbolize?: (address: Address) => string | undefined): string {
    const named = (address: Address): string => {
      const symbol = symbolize?.(address);
      return symbol === undefined ? '' : ` <${symbol}>`;
    };
    if (instruction.opCount > 0 && instruction.opKind(0) === this.iced.OpKind.NearBranch64) return named(instruction.nearBranchTarget);
    if (!instruction.isIpRelMemoryOperand) return '';
    const address = instruction.ipRelMemoryAddress;
    return `        # ${hex(address)}${named(address)}`;
  }

  private raw(instruction: Iced.Instruction): string {
    // binutils shows a displacement of zero if the encoding has one; string instructions show their segments.
    this.formatter.showZeroDisplacements = instruction.memoryDisplSize > 0;
    this.formatter.alwaysShowSegmentRegister = instruction.isStringInstruction;
    return this.formatter.format(instruction).replace(/\s+/g, ' ').trim();
  }

  private withPrefixes(text: string, bytes: Uint8Array): string {
    const idle = idlePrefixes(bytes, /^nop|^xchg (%ax,%ax|ax,ax)/.test(text));
    if (idle !== '') return idle + text;
    return text
      .replace(/^rep ret/, 'repz ret')
      .replace(/^repe /, 'repz ')
      .replace(/^repne /, 'repnz ');
  }

  private att(instruction: Iced.Instruction, bytes: Uint8Array): string {
    const opcode = bytes[opcodeIndex(bytes)] ?? 0;
    let text = this.raw(instruction).replace(/\((%\w+),(%\w+)\)/, '($1,$2,1)');
    text = text.replace(/^((?:\w+ )*)(call|jmp|push|pop)q /, '$1$2 ');
    if (/^(?:rep )?(?:in|out)[sbwl]?[bwl]? /.test(text)) text = text.replace('%dx', '(%dx)');
    // Shift by one has an opcode of its own and no operand for the count.
    if (opcode >= 0xd0 && opcode <= 0xd1) text = text.replace('$0x1,', '');
    // The three-operand imul is shortened by the formatter when source and destination agree.
    if ((opcode === 0x69 || opcode === 0x6b) && text.split(',').length === 2) text += `,${text.slice(text.lastIndexOf(',') + 1)}`;
    if (/^f(?:add|mul|subr?|divr?)p$/.test(text)) text += ' %st,%st(1)';
    if (/^f(?:xch|u?comp?)$/.test(text)) text += ' %st(1)';
    return this.withPrefixes(text, bytes);
  }

  private intel(instruction: Iced.Instruction, bytes: Uint8Array): string {
    const opcode = bytes[opcodeIndex(bytes)] ?? 0;
    let text = this.raw(instruction).replace(/\b(\w+) ptr\b/g, (_, size: string) => `${size.toUpperCase()} PTR`);
    text = text.replace(/^(f\w+) st,(?=\w+ PTR)/, '$1 ').replace(/^(f\w+ \w+ PTR .*),st$/, '$1');
    text = text.replace(/\b([cdefgs]s):\[(0x[0-9a-f]+)\]/, '$1:$2').replace(/PTR \[(0x[0-9a-f]+)\]/, 'PTR ds:$1');
    if (opcode >= 0xd0 && opcode <= 0xd1) text = text.replace(/,0x1$/, ',1');
    if ((opcode & 0xf8) === 0xb8 && instruction.length > 9) text = text.replace(/^mov /, 'movabs ');
    if ((opcode === 0x69 || opcode === 0x6b) && text.split(',').length === 2) text = text.replace(/^imul (\w+),/, 'imul $1,$1,');
    return this.withPrefixes(text, bytes);
  }
}
