/** The extension for VS Code: what is in the package, that it says what the adapter takes, and that its code does what it should. */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { compileFunction } from 'node:vm';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { attachAttributes, launchAttributes } from '../../src/dap/launch_attributes.js';
import { root } from '../repl/cli.js';

const folder = mkdtempSync(join(tmpdir(), 'deet-vsix-'));
const inside = (name: string): string => readFileSync(join(folder, name), 'utf8');

interface Schema {
  readonly default?: unknown;
  readonly enum?: readonly string[];
}
interface Manifest {
  readonly version: string;
  readonly main: string;
  readonly type?: string;
  readonly contributes: {
    readonly breakpoints: readonly { readonly language: string }[];
    readonly debuggers: readonly [
      {
        readonly type: string;
        readonly configurationAttributes: Record<'launch' | 'attach', { readonly properties: Record<string, Schema> }>;
        readonly initialConfigurations: readonly object[];
        readonly configurationSnippets: readonly { readonly body: object }[];
      },
    ];
  };
}

let manifest: Manifest;

beforeAll(() => {
  const vsix = join(folder, 'deet.vsix');
  execFileSync(process.execPath, [join(root, 'src/dap/vscode/package.mjs'), vsix]);
  execFileSync('python3', ['-m', 'zipfile', '-e', vsix, folder]);
  manifest = JSON.parse(inside('extension/package.json')) as Manifest;
});
afterAll(() => {
  rmSync(folder, { recursive: true });
});

describe('the package', () => {
  it('has what VS Code wants, and no more', () => {
    const files = readdirSync(folder, { recursive: true, withFileTypes: true }).filter(
      (entry) => entry.isFile() && entry.name !== 'deet.vsix',
    );
    expect(files.map(({ name }) => name).sort()).toEqual(
      ['LICENSE.txt', 'README.md', '[Content_Types].xml', 'extension.js', 'extension.vsixmanifest', 'package.json'].sort(),
    );
    const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { version: string };
    expect(manifest).toMatchObject({ version, main: './extension.js', publisher: 'deet' });
    expect(manifest.type).toBeUndefined();
    expect(inside('extension.vsixmanifest')).toContain(`Version="${version}" Publisher="deet"`);
    for (const path of inside('extension.vsixmanifest').matchAll(/ Path="([^"]+)"/g)) expect(inside(path[1] ?? '')).not.toBe('');
  });

  it('is the same for the same sources', () => {
    const again = join(folder, 'deet.vsix');
    const first = readFileSync(again);
    execFileSync(process.execPath, [join(root, 'src/dap/vscode/package.mjs'), again]);
    expect(readFileSync(again).equals(first)).toBe(true);
  });
});

describe('the schema', () => {
  const defaults = (properties: Record<string, Schema>): Record<string, unknown> =>
    Object.fromEntries(Object.entries(properties).map(([name, each]) => [name, each.default]));

  it('has every attribute of the adapter, and its defaults are the adapter’s', () => {
    const { launch, attach } = manifest.contributes.debuggers[0].configurationAttributes;
    const { noDebug, ...attributes } = launchAttributes({ program: 'x' });
    expect(noDebug).toBe(false); // VS Code adds it by itself
    expect(Object.keys(launch.properties).sort()).toEqual(Object.keys(attributes).sort());
    const given = { ...defaults(launch.properties), program: 'x', cwd: undefined };
    expect(launchAttributes(given)).toEqual({ ...launchAttributes({ program: 'x' }), stdio: [undefined, undefined, undefined] });
    const { childSession, ...attaching } = attachAttributes({ pid: 1 });
    expect(childSession).toBeUndefined(); // the adapter's own
    expect(Object.keys(attach.properties).sort()).toEqual(Object.keys(attaching).sort());
    expect(attachAttributes({ ...defaults(attach.properties), pid: '1' })).toEqual(attachAttributes({ pid: 1 }));
    for (const { enum: choices } of Object.values(launch.properties))
      for (const choice of choices ?? []) {
        const name = Object.entries(launch.properties).find(([, each]) => each.enum === choices)?.[0] ?? '';
        expect(launchAttributes({ program: 'x', [name]: choice })).toMatchObject({ [name]: choice });
      }
  });

  it('knows every attribute of its own examples', () => {
    const [{ configurationAttributes, configurationSnippets, initialConfigurations }] = manifest.contributes.debuggers;
    for (const body of [...initialConfigurations, ...configurationSnippets.map((snippet) => snippet.body)]) {
      const { type, request, name, ...rest } = body as { type: string; request: 'launch' | 'attach'; name: string };
      expect([type, typeof name]).toEqual(['deet', 'string']);
      expect(Object.keys(configurationAttributes[request].properties)).toEqual(expect.arrayContaining(Object.keys(rest)));
    }
  });
});

describe('the code', () => {
  interface Registered {
    adapters?: { createDebugAdapterDescriptor(): { readonly command: string; readonly args: readonly string[] } };
    configurations?: { resolveDebugConfiguration(folder: undefined, configuration: object): object };
    pick?: () => Promise<string | undefined>;
  }

  /** Activates the extension in a VS Code of straw. */
  const activate = (command: string | undefined, language: string | undefined): Registered => {
    const registered: Registered = {};
    const vscode = {
      DebugAdapterExecutable: class {
        constructor(
          readonly command: string,
          readonly args: readonly string[],
        ) {}
      },
      workspace: { getConfiguration: () => ({ get: () => command }) },
      window: {
        activeTextEditor: language === undefined ? undefined : { document: { languageId: language } },
        showQuickPick: (items: readonly { pid: string; detail: string }[]) =>
          Promise.resolve(items.find(({ pid }) => pid === String(process.pid))),
      },
      debug: {
        registerDebugAdapterDescriptorFactory: (_: string, factory: NonNullable<Registered['adapters']>) => (registered.adapters = factory),
        registerDebugConfigurationProvider: (_: string, provider: NonNullable<Registered['configurations']>) =>
          (registered.configurations = provider),
      },
      commands: { registerCommand: (_: string, pick: NonNullable<Registered['pick']>) => (registered.pick = pick) },
    };
    const load = compileFunction(inside('extension/extension.js'), ['require', 'module', 'exports']) as (...parts: unknown[]) => void;
    const module = { exports: {} as { activate(context: object): void } };
    const require = createRequire(import.meta.url) as (name: string) => unknown;
    load((name: string): unknown => (name === 'vscode' ? vscode : require(name)), module, module.exports);
    module.exports.activate({ subscriptions: [] });
    return registered;
  };

  it('starts what the setting says, by path or from the PATH', () => {
    for (const command of [process.execPath, 'sh'])
      expect(activate(command, 'c').adapters?.createDebugAdapterDescriptor()).toMatchObject({ command, args: ['dap'] });
  });

  it('says what to do when there is no deet', () => {
    vi.stubEnv('PATH', folder);
    for (const [setting, command] of [
      [undefined, 'deet'],
      ['/nowhere/deet', '/nowhere/deet'],
    ] as const)
      expect(() => activate(setting, 'c').adapters?.createDebugAdapterDescriptor()).toThrow(`The command "${command}"`);
    vi.unstubAllEnvs();
  });

  it('makes a configuration for a C file that has none', () => {
    const resolve = (language: string | undefined, configuration: object): object | undefined =>
      activate(undefined, language).configurations?.resolveDebugConfiguration(undefined, configuration);
    expect(resolve('cpp', {})).toMatchObject({ type: 'deet', request: 'launch', program: '${fileDirname}/${fileBasenameNoExtension}' });
    expect(resolve('python', {})).toEqual({});
    expect(resolve('c', { type: 'deet', name: 'mine' })).toEqual({ type: 'deet', name: 'mine' });
  });

  it('lets one pick a process', async () => {
    expect(await activate(undefined, undefined).pick?.()).toBe(String(process.pid));
  });
});
