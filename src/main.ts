/** The `deet` command, but for `deet dap`, which src/bin/deet.cjs starts from a bundle of its own; it calls `main`. */
import { DeetError } from './common/errors.js';
import { version } from './common/version.js';
import { helpText, parseOptions, usage, UsageError, type Options } from './repl/options.js';
import { writeAll } from './render/output.js';

const wrongUsage = 2;

/** @returns the exit status */
export const main = async (words: readonly string[]): Promise<number> => {
  let options: Options;
  try {
    options = parseOptions(words);
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    writeAll(2, `${error.message}\n${usage}\n`);
    return wrongUsage;
  }
  switch (options.mode) {
    case 'help':
      writeAll(1, helpText);
      return 0;
    case 'version':
      writeAll(1, `deet ${version}\n`);
      return 0;
    case 'debug':
      if (options.program === undefined && options.pid === undefined && options.core === undefined && options.startup.length === 0) {
        writeAll(2, `${usage}\n`);
        return wrongUsage;
      }
      try {
        return await (await import('./repl/run.js')).debug(options);
      } catch (error) {
        // Before there is a session: the addon is missing, or this is another system.
        if (!(error instanceof DeetError)) throw error;
        writeAll(2, `${error.message}${error.hint === undefined ? '' : ` ${error.hint}`}\n`);
        return wrongUsage;
      }
  }
};
