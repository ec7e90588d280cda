/** The engine against gdb, expression by expression: same words, or a reason why not. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { fixture, lineOf } from '../helpers/build.js';
import { Stopped } from '../helpers/stopped.js';
import { openImage } from '../../src/symbols/open.js';
import { answer, fileContext, gdbAnswers, normalised, stoppedContext } from './oracle.js';

/** A table: one command a line; `#` begins a comment line. */
const table = (name: string): string[] =>
  readFileSync(join(import.meta.dirname, 'tables', name), 'utf8')
    .split('\n')
    .filter((line) => line.trim() !== '' && !line.startsWith('#'));

/** gdb 13 cannot call functions of the program, nor put a value into its memory, where the processor's extended state is larger than it knows: no answer. */
const isNoAnswer = (gdb: string): boolean => gdb.startsWith("Couldn't write extended state status");

const compare = (commands: readonly string[], gdb: readonly string[], deet: readonly string[]): void => {
  const differences = commands.flatMap((command, i) => {
    // gdb warns on a line of its own; the front end shows ours.
    const wanted = normalised((gdb[i] ?? '').replace(/^warning: .*\n/, ''));
    const got = normalised(deet[i] ?? '');
    return wanted === got || isNoAnswer(wanted) ? [] : [{ command, gdb: wanted, deet: got }];
  });
  expect(differences).toEqual([]);
};

/** All commands in a program that stands at the line of this text. */
const compareStopped = (source: string, variant: Parameters<typeof fixture>[1], text: string, names: readonly string[]): void => {
  const program = fixture(source.replace(/\..*$/, ''), variant);
  const image = openImage(program, { debugDirectories: [] });
  const [file] = image.filesMatching(source);
  const [place] = image.locationsOf(file, lineOf(source, text));
  const commands = names.flatMap(table);
  using stopped = new Stopped(program);
  stopped.runTo(BigInt(place.address));
  const context = stoppedContext(stopped);
  compare(
    commands,
    gdbAnswers(program, commands, `*${place.address}`),
    commands.map((command) => answer(command, context)),
  );
};

describe('as gdb', () => {
  for (const variant of ['plain', 'dwarf4', 'clang'] as const) {
    it(`data in the file, ${variant}`, () => {
      const program = fixture('types', variant);
      const commands = table('static.txt');
      const context = fileContext(program);
      compare(
        commands,
        gdbAnswers(program, commands),
        commands.map((command) => answer(command, context)),
      );
    });
  }

  it('under other settings of print', () => {
    const program = fixture('types');
    const commands = table('settings.txt');
    const context = fileContext(program);
    compare(
      commands,
      gdbAnswers(program, commands),
      commands.map((command) => answer(command, context)),
    );
  });

  for (const [variant, names] of [
    ['plain', ['stopped.txt', 'arrays.txt', 'assignments.txt', 'expressions.txt']],
    ['dwarf4', ['stopped.txt', 'arrays.txt', 'expressions.txt']],
    ['O2', ['stopped.txt', 'expressions.txt']],
    ['clang', ['stopped.txt', 'arrays.txt', 'assignments.txt', 'expressions.txt']],
  ] as const) {
    it(`a stopped frame, ${variant}`, () => {
      compareStopped('types.c', variant, '// here', names);
    });
  }

  for (const [where, text, names] of [
    ['classes.cc', '// area', ['classes.txt']],
    ['member_pointers.cc', '// members', ['member_pointers.txt']],
    ['operators.cc', '// operators', ['casts.txt']],
    ['macros.c', '// main', ['macros.txt']],
  ] as const) {
    it(`${where} at ${text}`, () => {
      compareStopped(where, 'plain', text, names);
    });
  }

  it('beyond gdb: what only a namespace has is found by its bare name', () => {
    const context = fileContext(fixture('classes'));
    expect(answer('print deep', context)).toBe(answer('print shop::inner::deep', context));
    expect(answer('print deep', context)).toMatch(/6$/);
  });

  it.each(['plain', 'dwarf4', 'O2'] as const)('bytes in the other order, and what the optimizer leaves, %s', (variant) => {
    compareStopped('byte_order.c', variant, '// here', variant === 'O2' ? ['byte_order.txt', 'at_entry.txt'] : ['byte_order.txt']);
  });
});
