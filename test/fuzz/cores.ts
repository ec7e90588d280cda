/** Opens a damaged core file as a user does, and asks for everything. What cannot be told is an error in words; nothing else may come out, and soon. */
import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Interpreter } from '../../src/commands/interpreter.js';
import { describeCore } from '../../src/commands/core.js';
import { DeetError } from '../../src/common/errors.js';
import { Session } from '../../src/session/session.js';
import { built } from '../helpers/build.js';
import { damage, processorTime, seededRandom, type Random } from './mutate.js';

const questions = [
  'backtrace full 20', 'info threads', 'thread apply all backtrace 5', 'info registers', 'info all-registers', 'info sharedlibrary', 'info proc',
  'info proc mappings', 'info auxv', 'info locals', 'print *list', 'x/8i $pc', 'x/4gx $sp', 'x/s 0x400000', 'explain', 'info files', 'info frame', 'up', 'list',
]; // prettier-ignore

/** The slowest that it may be, on a busy machine. */
const limit = 5000;

/** Words and bytes of the header, the program headers or the notes, which is where all the meaning is. */
const damageFront = (file: Uint8Array, random: Random): Buffer => {
  const bytes = Buffer.from(file);
  const programs = 64 + bytes.readUInt16LE(56) * 56;
  const notesEnd = Number(bytes.readBigUInt64LE(64 + 8) + bytes.readBigUInt64LE(64 + 32));
  for (let count = 1 + random(6); count > 0; count--) {
    const at = random(3) === 0 ? random(programs) : programs + random(notesEnd - programs);
    if (random(2) === 0) bytes[at] = random(256);
    else
      bytes.writeBigUInt64LE(
        [0n, 1n, (1n << 64n) - 1n, 1n << 63n, 0x7fff_ffff_ffffn, BigInt(random(2 ** 31))][random(6)],
        Math.min(at - (at % 8), bytes.length - 8),
      );
  }
  return random(8) === 0 ? bytes.subarray(0, random(bytes.length)) : bytes;
};

/** @throws Error that names the seed */
export const attackCore = async (file: Uint8Array, program: string, seed: number): Promise<void> => {
  const random = seededRandom(seed);
  const bytes = random(4) === 0 ? damage(Buffer.from(file), random) : damageFront(file, random);
  const path = join(built, `damaged-core.${process.pid}`);
  const start = processorTime();
  const session = new Session(random(2) === 0 ? program : undefined);
  const interpreter = new Interpreter(session);
  session.settings.set('debug-file-directory', '/nonexistent');
  try {
    writeFileSync(path, bytes);
    try {
      session.cores.open(path);
      describeCore(session);
    } catch (error) {
      if (!(error instanceof DeetError)) throw error;
    }
    for (const question of questions)
      for (const result of await interpreter.execute(question))
        if (result.type === 'error' && result.code === 'internal') throw new Error(`${question}: ${result.message}`);
  } catch (error) {
    throw new Error(`seed ${seed}: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`, { cause: error });
  } finally {
    interpreter.close();
    session.close();
    rmSync(path, { force: true });
  }
  const spent = processorTime() - start;
  if (spent > limit) throw new Error(`seed ${seed}: took ${Math.round(spent)} ms`);
};
