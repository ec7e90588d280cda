import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { allCommands } from '../../src/commands/index.js';
import { Registry } from '../../src/commands/registry.js';
import { everyCommand } from '../../src/commands/shell.js';

const registry = new Registry(allCommands);
const pathOf = (line: string): string => registry.find(line).path.join(' ');

describe('names of commands', () => {
  it.each([
    // gdb's one- and two-letter names, and what it prefers where several commands begin so
    ['b main', 'break'], ['br', 'break'], ['bt', 'backtrace'], ['c', 'continue'], ['cont', 'continue'], ['fg', 'continue'], ['d 1', 'delete'],
    ['dis', 'disable'], ['disas', 'disassemble'], ['disp x', 'display'], ['en', 'enable'], ['f', 'frame'], ['fin', 'finish'], ['h', 'help'], ['i b', 'info breakpoints'],
    ['i r', 'info registers'], ['inf loc', 'info locals'], ['j 5', 'jump'], ['k', 'kill'], ['l', 'list'], ['n', 'next'], ['ni', 'nexti'], ['p x', 'print'],
    ['q', 'quit'], ['r', 'run'], ['s', 'step'], ['si', 'stepi'], ['tb main', 'tbreak'], ['t 2', 'thread'], ['thread apply all bt', 'thread apply'], ['u', 'until'],
    ['und 1', 'undisplay'], ['x/4x $sp', 'x'], ['wa x', 'watch'], ['where', 'backtrace'], ['cond 1 x', 'condition'], ['ha SIGINT', 'handle'], ['so f', 'source'],
    ['info sh', 'info sharedlibrary'], ['info f', 'info frame'], ['info th', 'info threads'], ['set var x=1', 'set variable'], ['show env', 'show environment'], ['!ls', 'shell'],
    // DEET's own
    ['back', 'backtrace'], ['breakpoint 1', 'break'],
  ])('%s', (line, path) => expect(pathOf(line)).toBe(path)); // prettier-ignore

  it('hands over what stands behind the name', () => {
    expect(registry.find('x/4xb &buffer').text).toBe('/4xb &buffer');
    expect(registry.find('print $rip').text).toBe('$rip');
    expect(registry.find('p$rip').text).toBe('$rip');
    expect(registry.find('info locals  ').text).toBe('');
    expect(registry.find('set x = 1').command.name).toBe('set');
  });

  it('says which commands an ambiguous word may mean', () => {
    expect(() => registry.find('st')).toThrow('Ambiguous command "st": start, starti, step, stepi.');
    expect(() => registry.find('info s')).toThrow(/^Ambiguous command "s": /);
  });

  it('offers the nearest name for an unknown one', () => {
    expect(() => registry.find('brek main')).toThrow(
      expect.objectContaining({ message: 'Unrecognized command.', hint: 'Did you mean "break"?' }),
    );
    expect(() => registry.find('info regsters')).toThrow(expect.objectContaining({ hint: 'Did you mean "info registers"?' }));
    expect(() => registry.find('xyzzyplugh')).toThrow(expect.objectContaining({ hint: 'Type "help" for the list of commands.' }));
    expect(() => registry.find('%')).toThrow('Unrecognized command.');
  });

  it('gives no two commands one name', () => {
    const names = [...allCommands].flatMap(({ name, aliases }) => [name, ...(aliases ?? [])]);
    expect(names.filter((name, index) => names.indexOf(name) !== index)).toEqual([]);
  });

  it('says in one line what each command does', () => {
    for (const [name, { about }] of everyCommand(allCommands)) expect(about, name).toMatch(/^[^\n]{5,120}[.)]$/);
  });
});

it('the table in README names every command', () => {
  const table =
    readFileSync(new URL('../../README.md', import.meta.url), 'utf8').match(
      /^\| (?:run|stop|step|look|processes|understand|shell) \|.*$/gm,
    ) ?? [];
  const named = new Set(table.join(' ').match(/[a-z][a-z_-]*/g));
  const own = ['info', 'save']; // they stand with what is behind them
  const listed = allCommands.filter(({ isHidden }) => !isHidden);
  expect(listed.map(({ name }) => name.split(' ')[0]).filter((name) => !named.has(name) && !own.includes(name))).toEqual([]);
});
