/** Modules of Node that take 2 ms to load, for what few runs need: loaded when first used. */
import type * as ChildProcess from 'node:child_process';
import { createRequire } from 'node:module';
import type * as Zlib from 'node:zlib';

const load = createRequire(import.meta.filename);

export const zlib = (): typeof Zlib => load('node:zlib') as typeof Zlib;

export const childProcess = (): typeof ChildProcess => load('node:child_process') as typeof ChildProcess;
