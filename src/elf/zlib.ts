/** node:zlib, loaded when first needed: it takes 3 ms of a start that seldom needs it. */
import { createRequire } from 'node:module';
import type * as Zlib from 'node:zlib';

const load = createRequire(import.meta.filename);

export const zlib = (): typeof Zlib => load('node:zlib') as typeof Zlib;
