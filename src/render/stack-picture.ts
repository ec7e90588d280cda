/** A frame's memory as a drawing: high addresses above, the stack pointer below. */
import { basename } from 'node:path';
import type { StackPicture, StackSlot } from '../insight/stack_picture.js';
import { blank, canvas, joined, padded, row, textOf, type Row } from './canvas.js';
import { line } from './escape.js';
import { penFor, type Pen, type Surface } from './pen.js';
import type { Style } from './style.js';
import { shortened, widthOf } from './width.js';

const headOf = ({ level, function: name, file, line: number }: StackPicture, style: Style): string => {
  const place = file === undefined ? '' : ` at ${style.place(`${line(basename(file))}:${number ?? 0}`)}`;
  return `Frame ${level}: ${style.function(line(name ?? '??'))}${place}`;
};

/** `rbp-0x20` as the code has it, or from the stack pointer where rbp is something else. */
const offsetOf = (slot: StackSlot, { registers, cfa }: StackPicture): string => {
  const base = registers['rbp'] === undefined ? 'rsp' : 'rbp';
  const distance = BigInt(slot.address) - BigInt(registers[base] ?? cfa);
  return `${base}${distance < 0n ? '-' : '+'}0x${(distance < 0n ? -distance : distance).toString(16)}`;
};

/** Which slots belong together: a line is drawn between groups. */
const groupOf = ({ kind, redZone, name }: StackSlot): string =>
  redZone
    ? 'red'
    : kind === 'return-address' || kind === 'saved-register'
      ? 'call'
      : kind === 'gap' && name === "caller's"
        ? 'caller'
        : kind === 'canary'
          ? kind
          : 'locals';

const colourOf = ({ kind, outOfScope }: StackSlot, bad: boolean, style: Style): ((text: string) => string) =>
  bad
    ? style.error
    : outOfScope || kind === 'gap'
      ? style.dim
      : kind === 'return-address'
        ? style.mark
        : kind === 'canary'
          ? style.warning
          : style.name;

export const renderStackPicture = (picture: StackPicture, style: Style, surface: Surface): string => {
  const pen = penFor(style, surface);
  const all = picture.slots.map((slot) => ({
    slot,
    address: slot.address,
    offset: offsetOf(slot, picture),
    name: line(slot.name),
    type: line(slot.type ?? ''),
    size: String(slot.size),
    pointers: Object.keys(picture.registers).filter((name) => picture.registers[name] === slot.address),
    value: line(slot.value ?? ''),
    notes: notesOf(slot),
  }));
  const widest = (of: (each: (typeof all)[number]) => string, most: number): number =>
    Math.min(most, Math.max(0, ...all.map((each) => widthOf(of(each)))));
  const widths = {
    address: widest((each) => each.address, 18),
    offset: widest((each) => each.offset, 12),
    size: widest((each) => each.size, 8),
  };
  const name = widest((each) => each.name, 24);
  const type = widest((each) => each.type, 24);
  const side = widths.address + widths.offset + 3;
  const room = Math.max(16, pen.columns - side - name - type - widths.size - 14);
  const value = Math.min(
    room,
    widest((each) => each.value, 200),
  );
  const inside = name + type + value + widths.size + 8;
  const rule = (left: string, right: string): Row => joined(blank(side), row(left + pen.horizontal.repeat(inside) + right, style.dim));
  const edge = row(pen.vertical, style.dim);
  const rows: Row[] = [];
  all.forEach((each, i) => {
    if (i > 0 && groupOf(all[i - 1].slot) !== groupOf(each.slot)) rows.push(rule(pen.tees[0], pen.tees[1]));
    const bad = each.slot.notes?.some((note) => /overwritten|no code/.test(note)) ?? false;
    const coloured = colourOf(each.slot, bad, style);
    rows.push(
      joined(
        padded(row(each.address, style.address), widths.address + 1),
        padded(row(each.offset, style.dim), widths.offset + 2),
        edge,
        blank(1),
        padded(row(shortened(each.name, name, pen.more), coloured), name + 2),
        padded(row(shortened(each.type, type, pen.more), style.dim), type + 2),
        padded(row(shortened(each.value, value, pen.more), bad ? style.error : (text) => text), value + 2),
        blank(widths.size - each.size.length),
        row(each.size, style.dim),
        blank(1),
        edge,
        ...(each.pointers.length > 0 ? [row(` ${pen.pointed} ${each.pointers.join(', ')}`, style.mark)] : []),
        ...each.notes.map((note) => row(` ${note}`, bad ? style.error : style.dim)),
      ),
    );
  });
  const drawing = canvas(rule(pen.corners[0], pen.corners[1]), ...rows, rule(pen.corners[2], pen.corners[3]));
  return [
    headOf(picture, style),
    textOf(drawing),
    ...others(picture, pen),
    ...picture.problems.map((each) => style.error(line(each))),
  ].join('\n');
};

const notesOf = ({ notes, outOfScope }: StackSlot): string[] => [
  ...(notes ?? []).map((note) => `(${line(note)})`),
  ...(outOfScope ? ['(not in scope here)'] : []),
];

const others = ({ elsewhere }: StackPicture, { style }: Pen): string[] =>
  elsewhere.length === 0
    ? []
    : [
        'Not in this memory:',
        ...elsewhere.map(
          ({ name, where, value }) => `  ${style.name(line(name))}: ${line(where)}${value === undefined ? '' : ` = ${line(value)}`}`,
        ),
      ];
