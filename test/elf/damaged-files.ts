/** The files that are damaged: each form that a section, symbol or debug table can have, small. */
import { readFileSync } from 'node:fs';
import { programs, withoutSections } from './programs.js';
import { smallCore } from './small-core.js';

export const damagedFiles = (): Uint8Array[] => [
  ...(['noPie', 'ibt', 'sysvHash', 'zlib', 'zlibGnu', 'zstd', 'stripped', 'library'] as const).map((name) =>
    readFileSync(programs[name]()),
  ),
  readFileSync(withoutSections(programs.pie())),
  smallCore(),
];
