/** `info frame`: where a frame lies and what it has saved, in gdb's words. */
import { hex, type Address } from '../common/addresses.js';
import type { Frame } from '../inferior/frame.js';
import { toFile, toLoad } from '../inferior/images.js';
import type { Session } from '../session/session.js';
import type { Command } from './command.js';
import { frameChosen } from './frame_choice.js';
import { argumentWords, describeFrame } from './frames.js';
import { message } from './results.js';

/** Callee-saved registers and the return address, by DWARF number. */
const savedRegisters = [
  ['rbx', 3],
  ['rbp', 6],
  ['r12', 12],
  ['r13', 13],
  ['r14', 14],
  ['r15', 15],
  ['rip', 16],
] as const;

const rbp = 6;
const rsp = 7;
const endbr64 = [0xf3, 0x0f, 0x1e, 0xfa];
const pushRbp = 0x55;
/** Both encodings of mov %rsp,%rbp. */
const setsFrame = [
  [0x48, 0x89, 0xe5],
  [0x48, 0x8b, 0xec],
];

const begins = (bytes: Uint8Array, at: number, with_: readonly number[]): boolean =>
  with_.every((byte, index) => bytes[at + index] === byte);

/**
 * gdb's base of a frame: rbp once the function has set it up (push %rbp; mov %rsp,%rbp), else where it would be saved, or was: below the stack pointer, as
 * it was when the function was entered.
 */
const baseOf = ({ context, function: fn, loaded, pc, lookup }: Frame): Address | undefined => {
  const stack = context.register(rsp);
  const entry = fn?.entry ?? (loaded && loaded.image.symbolAt(toFile(loaded, lookup))?.address);
  if (stack === undefined || entry === undefined || !loaded) return undefined;
  const bytes = loaded.image.bytesAt(entry, 8) ?? new Uint8Array();
  const start = begins(bytes, 0, endbr64) ? endbr64.length : 0;
  const done = Number(pc - toLoad(loaded, entry)) - start;
  if (bytes[start] !== pushRbp || done <= 0) return stack - 8n;
  if (!setsFrame.some((each) => begins(bytes, start + 1, each)) || done < 4) return stack;
  return context.register(rbp);
};

/** The frame with a return address of its own that this one, perhaps an inlined call, is part of. */
const wholeOf = (frame: Frame, session: Session): Frame | undefined => {
  let at: Frame | undefined = frame;
  while (at?.kind === 'inlined') at = session.stack().frame(at.level + 1);
  return at;
};

/** The frame that `whole`, with the inlined calls that share it, has called. */
const calledBy = (whole: Frame | undefined, session: Session): Frame | undefined => {
  const innermost = whole && innermostOf(whole, session);
  return innermost && innermost.level > 0 ? session.stack().frame(innermost.level - 1) : undefined;
};

/** The innermost inlined call that shares a frame; the frame itself if there is none. */
const innermostOf = (whole: Frame, session: Session): Frame => {
  let at = whole;
  for (;;) {
    const inner = at.level > 0 ? session.stack().frame(at.level - 1) : undefined;
    if (inner?.kind !== 'inlined') return at;
    at = inner;
  }
};

const relatives = (of: Frame, session: Session): string[] => {
  const caller = session.endsAtMain(of) ? undefined : session.stack().frame(of.level + 1);
  const callee = of.level > 0 ? session.stack().frame(of.level - 1) : undefined;
  const up = !caller
    ? ''
    : of.kind === 'inlined'
      ? ` inlined into frame ${caller.level}`
      : of.kind === 'tail-call'
        ? ' tail call frame'
        : ` called by frame at ${hex(caller.cfa)}`;
  const down = callee ? ` caller of frame at ${hex(callee.cfa)}` : '';
  const text = up !== '' && down !== '' ? `${up},${down}` : up + down;
  return text === '' ? [] : [text];
};

export const infoFrame: Command = {
  name: 'frame',
  aliases: ['f'],
  group: 'look',
  usage: '[N | function NAME | level N | address ADDRESS]',
  about: 'Where a frame lies and what it has saved: the selected one, or the one that is named.',
  completes: ['expression'],
  run: async ({ session, text }) => {
    const of = (await frameChosen(text, session)) ?? session.selection().frame;
    const { args, file, line } = describeFrame(of, session);
    const whole = wholeOf(of, session);
    const caller = whole && session.stack().frame(whole.level + 1);
    // Inlined calls further in share the frame: what it has saved is told of the frame itself, as in gdb.
    const callee = calledBy(whole, session);
    const inlined = of.kind === 'inlined';
    // An inlined call has saved nothing itself: its registers are where the function that it called has saved them.
    const below = inlined ? calledBy(wholeOf(callee ?? of, session), session) : callee;
    const saved = savedRegisters.flatMap(([name, number]) => {
      const at = (inlined ? whole : caller)?.savedAt(number);
      // What the frames further in have saved lies further in.
      return at === undefined || (below && at < below.cfa) ? [] : [`${name} at ${hex(at)}`];
    });
    const words = argumentWords(args);
    // Neither an inlined call nor a function that has jumped away has a frame of its own.
    const isGuest = inlined || of.kind === 'tail-call';
    const base = isGuest ? undefined : baseOf(of);
    const at = base === undefined ? 'unknown address' : hex(base);
    const place = file === undefined ? '' : ` (${file}:${line ?? 0})`;
    const savedPc = caller ? `; saved rip = ${hex(caller.pc)}` : '';
    const lines = [
      `Stack level ${of.level}, frame at ${hex(of.cfa)}:`,
      ` rip = ${hex(of.pc)}${of.functionName === undefined ? '' : ` in ${of.functionName}`}${place}${savedPc}`,
      ...relatives(of, session),
      ...(of.kind === 'normal' || inlined || of.kind === 'tail-call' ? [] : [` kind: ${of.kind}`]),
      ...(of.function ? [` source language ${of.function.language}.`] : []),
      isGuest
        ? ` Arglist at unknown address.`
        : ` Arglist at ${at}, args: ${words.map(([names, value]) => [...names, value].join('=')).join(', ')}`.trimEnd(),
      ` Locals at ${at}, Previous frame's sp ${inlined ? (callee ? `is ${hex(callee.cfa)}` : 'in rsp') : `is ${hex(of.cfa)}`}`,
      ...(saved.length > 0 ? [' Saved registers:', `  ${saved.join(', ')}`] : []),
    ];
    return message(lines.join('\n'));
  },
};
