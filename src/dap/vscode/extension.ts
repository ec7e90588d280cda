/**
 * The extension itself: finds `deet`, fills in what a configuration leaves out, and lets one pick a process. Everything else is in package.json, and in the adapter. It runs inside of VS Code,
 * and imports nothing of deet.
 */
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { isAbsolute, join } from 'node:path';
import * as vscode from 'vscode';

const type = 'deet';

const isThere = (command: string): boolean =>
  isAbsolute(command) ? existsSync(command) : (process.env['PATH'] ?? '').split(':').some((folder) => existsSync(join(folder, command)));

/** `deet dap`, which VS Code starts for each session. */
const adapters: vscode.DebugAdapterDescriptorFactory = {
  createDebugAdapterDescriptor: () => {
    const command = vscode.workspace.getConfiguration(type).get<string>('command') || 'deet';
    // VS Code itself says nothing of a command that is not there. Its PATH is the login shell's.
    if (!isThere(command))
      throw new Error(
        `The command "${command}" was not found. Install it ("npm install -g ." in the folder of deet), or say where it is: setting "deet.command".`,
      );
    return new vscode.DebugAdapterExecutable(command, ['dap']);
  },
};

/** What F5 means without a launch.json: the program that the file in front was compiled to. */
const configurations: vscode.DebugConfigurationProvider = {
  resolveDebugConfiguration: (_folder, configuration) => {
    if (configuration.type || configuration.request || configuration.name) return configuration;
    const language = vscode.window.activeTextEditor?.document.languageId;
    if (language !== 'c' && language !== 'cpp') return configuration;
    return { type, request: 'launch', name: 'deet', program: '${fileDirname}/${fileBasenameNoExtension}', console: 'integratedTerminal' };
  },
};

interface Process extends vscode.QuickPickItem {
  readonly pid: string;
}

/** One's own processes, the youngest first (proc(5)). */
const processes = (): Process[] =>
  readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .flatMap((pid) => {
      try {
        const words = readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0').join(' ').trim();
        // The kernel's own threads have no words; other people's processes cannot be traced.
        if (words === '' || statSync(`/proc/${pid}`).uid !== process.getuid?.()) return [];
        return [{ label: readFileSync(`/proc/${pid}/comm`, 'utf8').trim(), description: pid, detail: words, pid }];
      } catch {
        return []; // it has ended
      }
    })
    .sort((a, b) => Number(b.pid) - Number(a.pid));

const pickProcess = async (): Promise<string | undefined> => {
  const chosen = await vscode.window.showQuickPick(processes(), {
    placeHolder: 'Process to attach to',
    matchOnDescription: true,
    matchOnDetail: true,
  });
  return chosen?.pid;
};

export const activate = (context: vscode.ExtensionContext): void => {
  context.subscriptions.push(
    vscode.debug.registerDebugAdapterDescriptorFactory(type, adapters),
    vscode.debug.registerDebugConfigurationProvider(type, configurations),
    vscode.commands.registerCommand('deet.pickProcess', pickProcess),
  );
};
