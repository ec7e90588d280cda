/** All commands. Names decide, not the order, except in `help`. */
import { breakpointCommands } from './breakpoints.js';
import type { Command } from './command.js';
import { conditionCommands } from './conditions.js';
import { coreCommands } from './core.js';
import { dataCommands, dataInfo } from './data.js';
import { demanglingCommands } from './demangling.js';
import { disassemblyCommands } from './disassembly.js';
import { elsewhereCommands, elsewhereInfo } from './elsewhere.js';
import { examineCommands } from './examine.js';
import { historyCommands, infoAddress } from './history.js';
import { holdingCommands } from './holding.js';
import { compareSections } from './image_info.js';
import { inspections } from './inspection.js';
import { leavingCommands } from './leaving.js';
import { listingCommands } from './listing.js';
import { infoMacro, infoMacros, macroCommands } from './macros.js';
import { memoryCommands } from './memory.js';
import { pipingCommands } from './piping.js';
import { rbreakCommands } from './rbreak.js';
import { runCommands } from './run.js';
import { sourceInfo } from './source_info.js';
import { directory } from './source_paths.js';
import { signalCommands } from './signalling.js';
import { scriptingCommands } from './scripting.js';
import { settingCommands } from './settings.js';
import { shellCommands, shellInfo } from './shell.js';
import { skipCommands, skipInfo } from './skipping.js';
import { stackCommands, stackInfo } from './stack.js';
import { steppingCommands } from './stepping.js';
import { understandingCommands, understandingInfo } from './understanding.js';
import { watchingCommands } from './watching.js';
import { xrayCommands } from './xray.js';
import { threadCommands, threadInfo } from './threads.js';

const info: Command = {
  name: 'info',
  aliases: ['i', 'inf'],
  group: 'look',
  about: 'What deet knows: breakpoints, locals, registers, threads, ...',
  subcommands: [
    infoAddress,
    ...inspections,
    ...stackInfo,
    ...sourceInfo,
    ...dataInfo,
    ...threadInfo,
    ...shellInfo,
    ...understandingInfo,
    skipInfo,
    infoMacro,
    infoMacros,
    ...elsewhereInfo,
  ],
};

export const allCommands: readonly Command[] = [
  ...runCommands,
  directory,
  ...signalCommands,
  ...coreCommands,
  ...breakpointCommands,
  ...rbreakCommands,
  ...conditionCommands,
  ...steppingCommands,
  ...stackCommands,
  ...listingCommands,
  ...dataCommands,
  ...examineCommands,
  ...demanglingCommands,
  ...disassemblyCommands,
  info,
  ...threadCommands,
  ...settingCommands,
  ...scriptingCommands,
  ...shellCommands,
  ...understandingCommands,
  ...watchingCommands,
  ...historyCommands,
  ...holdingCommands,
  ...memoryCommands,
  ...macroCommands,
  ...skipCommands,
  ...leavingCommands,
  ...xrayCommands,
  ...pipingCommands,
  compareSections,
  ...elsewhereCommands,
];
