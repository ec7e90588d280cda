/** Which source lines stand above which instructions: `disassemble /s` in the order of the code, `disassemble /m` in that of the source. */
import type { Address } from '../common/addresses.js';
import { toFile, toLoad } from '../inferior/images.js';
import type { Session } from '../session/session.js';
import type { LineRow } from '../symbols/model.js';
import type { InstructionResult, SourceLead } from './results.js';

/** From an address to the first that does not belong to it. */
export interface CodePart {
  readonly start: Address;
  readonly end: Address;
}

/** The rows of the line table that begin in a part, those included that have no code of their own; and one that began before it. */
const rowsIn = (session: Session, { start, end }: CodePart): readonly (LineRow & { readonly from: bigint; readonly to: bigint })[] => {
  const loaded = session.imageAt(start);
  if (!loaded) return [];
  const rows = loaded.image.rowsIn({ low: toFile(loaded, start), high: toFile(loaded, end) });
  return rows.map((row, index) => {
    const last = rows[index + 1]?.address === row.address ? row.address : row.end;
    return { ...row, from: toLoad(loaded, row.address), to: toLoad(loaded, last) };
  });
};

/**
 * `/s`: each run of instructions of one line below that line. Lines without code stand above the next that has some, and the function's opening above its first
 * instruction, whatever line that is of.
 */
export const inOrderOfCode = (session: Session, part: CodePart, instructions: readonly InstructionResult[]): InstructionResult[] => {
  const coded = new Set(instructions.map(({ file, line }) => `${file}:${line}`));
  const [opening] = rowsIn(session, part).filter(({ from }) => from >= part.start);
  let file: string | undefined;
  let line = 0;
  return instructions.map((each) => {
    if (each.file === undefined || each.line === undefined || (each.file === file && each.line === line)) return each;
    let first = each.line;
    if (file === undefined && opening?.file.path === each.file && opening.line < first) first = opening.line;
    if (each.file === file) while (first - 1 > line && !coded.has(`${file}:${first - 1}`)) first--;
    const lead: SourceLead = { file: each.file, first, last: each.line, ...(each.file !== file && { newFile: true }) };
    ({ file, line } = each);
    return { ...each, lead: [lead] };
  });
};

/** `/m`: the lines of the function's own file in their order, each with its instructions. Code of other files is left out, as in gdb. */
export const inOrderOfSource = (session: Session, part: CodePart, instructions: readonly InstructionResult[]): InstructionResult[] => {
  const file = instructions.find((each) => each.line !== undefined)?.file;
  if (file === undefined) return [...instructions];
  const rows = rowsIn(session, part)
    .filter((row) => row.file.path === file)
    .sort((a, b) => a.line - b.line || Number(a.from - b.from));
  const result: InstructionResult[] = [];
  let leads: SourceLead[] = [];
  let next = 0;
  for (const { line, from, to } of rows) {
    if (line >= next) {
      leads.push({ file, first: next === 0 ? line : next, last: line });
      next = line + 1;
    }
    for (const each of instructions) {
      const address = BigInt(each.address);
      if (address < from || address >= to) continue;
      result.push({ ...each, line, ...(leads.length > 0 && { lead: leads }) });
      leads = [];
    }
  }
  return result;
};
