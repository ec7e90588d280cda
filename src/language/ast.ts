/** The abstract syntax of C expressions as a debugger reads them. Plain data; evaluation is in evaluate.ts. */

/** Where in the text a node's characteristic token stands (an operator, a name): the caret of an error. */
interface Placed {
  readonly offset: number;
}

export type UnaryOperator = '-' | '+' | '!' | '~' | '*' | '&' | '++' | '--';
export type BinaryOperator = '+' | '-' | '*' | '/' | '%' | '<<' | '>>' | '&' | '|' | '^' | '==' | '!=' | '<' | '>' | '<=' | '>=' | '@';
export type CharacterPrefix = '' | 'L' | 'u' | 'U' | 'u8';

/** C's own, and those of decimals (ISO/IEC TR 24732, 4). */
export type FloatSuffix = '' | 'f' | 'l' | 'df' | 'dd' | 'dl';

export type Expression =
  /** `suffix` is lower case, sorted so that u precedes l: '', 'u', 'l', 'ul', 'll', 'ull'. */
  | (Placed & {
      readonly kind: 'integer';
      readonly value: bigint;
      readonly decimal: boolean;
      readonly suffix: string;
      readonly imaginary: boolean;
    })
  | (Placed & { readonly kind: 'float'; readonly text: string; readonly suffix: FloatSuffix; readonly imaginary: boolean })
  | (Placed & { readonly kind: 'character'; readonly value: number; readonly prefix: CharacterPrefix })
  | (Placed & { readonly kind: 'string'; readonly units: readonly number[]; readonly prefix: CharacterPrefix })
  | (Placed & { readonly kind: 'name'; readonly name: string })
  | (Placed & ScopedName)
  /** `x@entry`: what the parameter was when its function was entered. */
  | (Placed & { readonly kind: 'entry'; readonly name: string })
  /** `$`, `$$`, `$3` (absolute), `$$2` (relative to the last). */
  | (Placed & { readonly kind: 'history'; readonly index: number; readonly relative: boolean })
  /** `$name`: a register or a convenience variable. */
  | (Placed & { readonly kind: 'dollar'; readonly name: string })
  | (Placed & { readonly kind: 'unary'; readonly operator: UnaryOperator; readonly operand: Expression })
  | (Placed & { readonly kind: 'postfix'; readonly operator: '++' | '--'; readonly operand: Expression })
  | (Placed & { readonly kind: 'binary'; readonly operator: BinaryOperator; readonly left: Expression; readonly right: Expression })
  | (Placed & { readonly kind: 'logical'; readonly operator: '&&' | '||'; readonly left: Expression; readonly right: Expression })
  | (Placed & {
      readonly kind: 'assign';
      readonly operator: BinaryOperator | undefined;
      readonly target: Expression;
      readonly value: Expression;
    })
  | (Placed & { readonly kind: 'conditional'; readonly test: Expression; readonly then: Expression; readonly otherwise: Expression })
  | (Placed & { readonly kind: 'comma'; readonly left: Expression; readonly right: Expression })
  | (Placed & { readonly kind: 'cast'; readonly type: TypeSyntax; readonly operand: Expression })
  | (Placed & { readonly kind: 'dynamicCast'; readonly type: TypeSyntax; readonly operand: Expression })
  | (Placed & { readonly kind: 'sizeof'; readonly what: 'size' | 'alignment'; readonly operand: Expression | TypeExpression })
  | (Placed & { readonly kind: 'member'; readonly object: Expression; readonly name: string; readonly arrow: boolean })
  | (Placed & { readonly kind: 'memberPointer'; readonly object: Expression; readonly pointer: Expression; readonly arrow: boolean })
  | (Placed & { readonly kind: 'index'; readonly array: Expression; readonly index: Expression })
  | (Placed & { readonly kind: 'call'; readonly callee: Expression; readonly arguments: readonly Expression[] })
  /** `{type} address`: the object of that type at the address. */
  | (Placed & { readonly kind: 'at'; readonly type: TypeSyntax; readonly address: Expression })
  /** `{1, 2, 3}`: an array, or what it is cast to. */
  | (Placed & { readonly kind: 'list'; readonly elements: readonly Expression[] })
  | TypeExpression;

/** `file.c:f::x`, `'file.c'::x`, `f::x`, `ns::Class::x`, `::x`. */
export interface ScopedName {
  readonly kind: 'scoped';
  readonly file: string | undefined;
  /** Functions, classes or namespaces, outermost first. */
  readonly path: readonly string[];
  /** Begins with `::`: skip everything local. */
  readonly global: boolean;
  readonly name: string;
}

/** A type where an expression may stand: `ptype struct node`, `sizeof (int)`. */
export type TypeExpression = Placed & { readonly kind: 'type'; readonly type: TypeSyntax };

export type TypeSyntax =
  /** `name` is canonical for base types: `unsigned long`, not `long unsigned int`. */
  | (Placed & { readonly kind: 'base'; readonly name: string })
  | (Placed & { readonly kind: 'named'; readonly name: string; readonly tag?: 'struct' | 'union' | 'enum' | 'class' })
  | (Placed & { readonly kind: 'typeof'; readonly operand: Expression })
  | (Placed & { readonly kind: 'qualified'; readonly qualifier: 'const' | 'volatile' | 'restrict' | 'atomic'; readonly target: TypeSyntax })
  | (Placed & { readonly kind: 'pointer'; readonly target: TypeSyntax; readonly reference?: 'lvalue' | 'rvalue' })
  | (Placed & { readonly kind: 'array'; readonly element: TypeSyntax; readonly count: Expression | undefined })
  | (Placed & {
      readonly kind: 'function';
      readonly returns: TypeSyntax;
      readonly parameters: readonly TypeSyntax[];
      readonly varargs: boolean;
      readonly prototyped: boolean;
    });
