/**
 * The Debug Adapter Protocol as its published types have it (@vscode/debugprotocol, made from the protocol's JSON schema): is a message what they say? Read from the declarations
 * themselves, so that nothing is said twice. Closed lists of words hold; where a type ends in `| string` any word does. What the types do not name is a fault too: a client would
 * never see it.
 */
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import ts from 'typescript';

const declarations = join(dirname(createRequire(import.meta.url).resolve('@vscode/debugprotocol/package.json')), 'lib/debugProtocol.d.ts');

const named = new Map<string, ts.InterfaceDeclaration | ts.TypeAliasDeclaration>();
const collect = (node: ts.Node): void => {
  if (ts.isInterfaceDeclaration(node) || ts.isTypeAliasDeclaration(node)) named.set(node.name.text, node);
  else ts.forEachChild(node, collect);
};
collect(ts.createSourceFile('protocol.d.ts', readFileSync(declarations, 'utf8'), ts.ScriptTarget.Latest, true));

/** What is wrong with a value; nothing: it is what the type says. */
type Faults = readonly string[];

const shown = (value: unknown): string => (JSON.stringify(value) ?? 'undefined').slice(0, 80);

const primitives: ReadonlyMap<ts.SyntaxKind, string> = new Map([
  [ts.SyntaxKind.StringKeyword, 'string'],
  [ts.SyntaxKind.NumberKeyword, 'number'],
  [ts.SyntaxKind.BooleanKeyword, 'boolean'],
  [ts.SyntaxKind.ObjectKeyword, 'object'],
]);

const literalOf = (node: ts.LiteralTypeNode): unknown =>
  node.literal.kind === ts.SyntaxKind.NullKeyword ? null : ts.isStringLiteral(node.literal) ? node.literal.text : node.getText();

const check = (value: unknown, type: ts.TypeNode, path: string): Faults => {
  const primitive = primitives.get(type.kind);
  if (type.kind === ts.SyntaxKind.AnyKeyword) return [];
  // The schema has integers where the types have numbers (its percentages are fractions, deet's are whole).
  if (primitive === 'number') return Number.isSafeInteger(value) ? [] : [`${path}: ${shown(value)} is no integer`];
  if (primitive !== undefined) return typeof value === primitive && value !== null ? [] : [`${path}: ${shown(value)} is no ${primitive}`];
  if (ts.isParenthesizedTypeNode(type)) return check(value, type.type, path);
  if (ts.isLiteralTypeNode(type)) return value === literalOf(type) ? [] : [`${path}: ${shown(value)} is not ${type.getText()}`];
  if (ts.isUnionTypeNode(type)) {
    const each = type.types.map((one) => check(value, one, path));
    return each.find((faults) => faults.length === 0) ?? [`${path}: ${shown(value)} is none of ${type.getText()}`];
  }
  if (ts.isArrayTypeNode(type))
    return Array.isArray(value)
      ? value.flatMap((each, index) => check(each, type.elementType, `${path}[${index}]`))
      : [`${path}: ${shown(value)} is no list`];
  if (ts.isTypeLiteralNode(type)) return checkMembers(value, [...type.members], path);
  if (ts.isTypeReferenceNode(type)) {
    const target = named.get(type.typeName.getText());
    if (target && ts.isTypeAliasDeclaration(target)) return check(value, target.type, path);
    if (target) return checkMembers(value, membersOf(target), path);
  }
  throw new Error(`${path}: a type that this check does not know: ${type.getText()}`);
};

/** With those of what it extends; its own come first, and are more exact. */
const membersOf = (declaration: ts.InterfaceDeclaration): ts.TypeElement[] => {
  const bases = (declaration.heritageClauses ?? []).flatMap(({ types }) => types.map(({ expression }) => named.get(expression.getText())));
  return [...declaration.members, ...bases.flatMap((base) => (base && ts.isInterfaceDeclaration(base) ? membersOf(base) : []))];
};

const checkMembers = (value: unknown, members: readonly ts.TypeElement[], path: string): Faults => {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return [`${path}: ${shown(value)} is no object`];
  const fields = new Map<string, ts.PropertySignature>();
  for (const member of members)
    if (ts.isPropertySignature(member)) {
      const name = member.name.getText();
      if (!fields.has(name)) fields.set(name, member);
    }
  const rest = members.find(ts.isIndexSignatureDeclaration);
  const present = Object.entries(value);
  const missing = [...fields].filter(([name, { questionToken }]) => !questionToken && !present.some(([key]) => key === name));
  return [
    ...missing.map(([name]) => `${path}.${name} is missing`),
    ...present.flatMap(([name, each]): Faults => {
      const type = fields.get(name)?.type ?? rest?.type;
      return type ? check(each, type, `${path}.${name}`) : [`${path}.${name} is nothing of the protocol`];
    }),
  ];
};

const upper = (word: string): string => word.charAt(0).toUpperCase() + word.slice(1);

/** What is wrong with a message of an adapter. */
export const faultsOf = (message: Readonly<Record<string, unknown>>): Faults => {
  const { type, event, command, success } = message;
  const name =
    type === 'event'
      ? `${upper(String(event))}Event`
      : type === 'request'
        ? `${upper(String(command))}Request`
        : success === false
          ? 'ErrorResponse'
          : `${upper(String(command))}Response`;
  const declaration = named.get(name);
  if (!declaration || !ts.isInterfaceDeclaration(declaration)) return [`the protocol has no ${name}`];
  return checkMembers(message, membersOf(declaration), name);
};
