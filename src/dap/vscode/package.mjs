/**
 * `npm run package:vscode`: dist/deet-vscode.vsix. A .vsix is a zip file (Open Packaging Conventions, ECMA-376 part 2) with the extension in a folder, a manifest in VS Code's gallery format,
 * and a list of content types. The tool that publishes extensions brings 170 MB along and does no more here.
 */
import { createWriteStream, mkdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { ZipFile } from 'yazl';

const here = dirname(fileURLToPath(import.meta.url));
const root = join(here, '../../..');
const target = process.argv[2] ?? join(root, 'dist/deet-vscode.vsix');

const described = JSON.parse(readFileSync(join(here, 'package.json'), 'utf8'));
// That says what extension.ts is; VS Code loads what becomes of it as CommonJS.
delete described.type;
described.version = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')).version;

const { outputFiles } = await build({
  entryPoints: [join(here, 'extension.ts')],
  bundle: true,
  platform: 'node',
  target: 'node18',
  format: 'cjs',
  external: ['vscode'],
  write: false,
  logLevel: 'warning',
});

const escaped = (text) => text.replace(/[&<>"]/g, (character) => `&#${character.charCodeAt(0)};`);

const manifest = `<?xml version="1.0" encoding="utf-8"?>
<PackageManifest Version="2.0.0" xmlns="http://schemas.microsoft.com/developer/vsx-schema/2011" xmlns:d="http://schemas.microsoft.com/developer/vsx-schema-design/2011">
  <Metadata>
    <Identity Language="en-US" Id="${described.name}" Version="${described.version}" Publisher="${described.publisher}"/>
    <DisplayName>${escaped(described.displayName)}</DisplayName>
    <Description xml:space="preserve">${escaped(described.description)}</Description>
    <Tags>${escaped(described.keywords.join(','))}</Tags>
    <Categories>${escaped(described.categories.join(','))}</Categories>
    <GalleryFlags>Public</GalleryFlags>
    <Properties>
      <Property Id="Microsoft.VisualStudio.Code.Engine" Value="${escaped(described.engines.vscode)}"/>
      <Property Id="Microsoft.VisualStudio.Code.ExtensionKind" Value="${escaped(described.extensionKind.join(','))}"/>
    </Properties>
    <License>extension/LICENSE.txt</License>
  </Metadata>
  <Installation>
    <InstallationTarget Id="Microsoft.VisualStudio.Code"/>
  </Installation>
  <Dependencies/>
  <Assets>
    <Asset Type="Microsoft.VisualStudio.Code.Manifest" Path="extension/package.json" Addressable="true"/>
    <Asset Type="Microsoft.VisualStudio.Services.Content.Details" Path="extension/README.md" Addressable="true"/>
    <Asset Type="Microsoft.VisualStudio.Services.Content.License" Path="extension/LICENSE.txt" Addressable="true"/>
  </Assets>
</PackageManifest>
`;

const contentTypes = `<?xml version="1.0" encoding="utf-8"?>
<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types"><Default Extension=".json" ContentType="application/json"/><Default Extension=".vsixmanifest" ContentType="text/xml"/><Default Extension=".js" ContentType="application/javascript"/><Default Extension=".md" ContentType="text/markdown"/><Default Extension=".txt" ContentType="text/plain"/></Types>
`;

// The same sources make the same file, whenever.
const mtime = new Date(Date.UTC(2000, 0, 1));
const zip = new ZipFile();
const add = (name, content) => zip.addBuffer(Buffer.from(content), name, { mtime, forceDosTimestamp: true });
add('extension.vsixmanifest', manifest);
add('[Content_Types].xml', contentTypes);
add('extension/package.json', `${JSON.stringify(described, undefined, 2)}\n`);
add('extension/extension.js', outputFiles[0].text);
add('extension/README.md', readFileSync(join(here, 'README.md')));
add('extension/LICENSE.txt', readFileSync(join(root, 'LICENSE')));
zip.end();

mkdirSync(dirname(target), { recursive: true });
await pipeline(zip.outputStream, createWriteStream(target));
process.stdout.write(`${target}\n`);
