/** The tree of a template. Every node has `at`, the offset in the source that an error in it points to. */

export type Expression =
  | { kind: 'constant'; at: number; value: string | bigint | number | boolean | null; isFloat: boolean }
  | { kind: 'name'; at: number; name: string }
  | { kind: 'tuple'; at: number; items: Expression[] }
  | { kind: 'list'; at: number; items: Expression[] }
  | { kind: 'dict'; at: number; items: { key: Expression; value: Expression }[] }
  | { kind: 'attribute'; at: number; of: Expression; name: string }
  /** `isUnion`: written `[0, 2]` or `['a', 'b']`, which JSONPath gives a meaning where Python has none. */
  | { kind: 'item'; at: number; of: Expression; key: Expression; isUnion: boolean }
  | { kind: 'slice'; at: number; of: Expression; slice: SliceBounds }
  | { kind: 'path'; at: number; of: Expression; steps: PathStep[] }
  | { kind: 'call'; at: number; callee: Expression; args: Arguments }
  /** `of` is absent in `{% filter %}` and `{% set x | filter %}`: the filter works on the block's text. */
  | { kind: 'filter'; at: number; of: Expression | undefined; name: string; args: Arguments }
  | { kind: 'test'; at: number; of: Expression; name: string; args: Arguments }
  | { kind: 'unary'; at: number; operator: '+' | '-' | 'not'; of: Expression }
  | { kind: 'binary'; at: number; operator: BinaryOperator; left: Expression; right: Expression }
  | { kind: 'logic'; at: number; operator: 'and' | 'or'; left: Expression; right: Expression }
  | {
      kind: 'compare'
      at: number
      first: Expression
      rest: { operator: CompareOperator; at: number; right: Expression }[]
    }
  | { kind: 'concat'; at: number; items: Expression[] }
  | { kind: 'condition'; at: number; test: Expression; then: Expression; otherwise: Expression | undefined }

export type BinaryOperator = '+' | '-' | '*' | '/' | '//' | '%' | '**'
export type CompareOperator = '==' | '!=' | '<' | '<=' | '>' | '>=' | 'in' | 'not in'

export interface SliceBounds {
  start: Expression | undefined
  stop: Expression | undefined
  step: Expression | undefined
}

/** One step of a JSONPath, applied to every value the steps before it have found. */
export type PathStep =
  | { kind: 'child'; key: Expression; at: number }
  | { kind: 'wildcard'; at: number }
  | { kind: 'slice'; slice: SliceBounds; at: number }
  | { kind: 'union'; keys: Expression[]; at: number }
  | { kind: 'where'; condition: Expression; at: number }
  /** The value itself and everything below it; the step that follows says what to take of these. */
  | { kind: 'descend'; at: number }

/** The name under which a JSONPath filter's condition knows the item it looks at. */
export const pathItemName = '@'

export interface Arguments {
  positional: Expression[]
  named: { name: string; value: Expression; at: number }[]
  spreadList: Expression | undefined
  spreadDict: Expression | undefined
}

export type Target =
  | { kind: 'name'; at: number; name: string }
  | { kind: 'namespace'; at: number; name: string; attribute: string }
  | { kind: 'tuple'; at: number; items: Target[] }

export interface Parameter {
  name: string
  at: number
  default: Expression | undefined
}

export type Statement =
  | { kind: 'text'; at: number; text: string }
  | { kind: 'print'; at: number; value: Expression }
  | { kind: 'do'; at: number; value: Expression }
  | { kind: 'if'; at: number; test: Expression; body: Statement[]; elifs: IfStatement[]; otherwise: Statement[] }
  | ForStatement
  | { kind: 'set'; at: number; target: Target; value: Expression }
  | { kind: 'set-block'; at: number; target: Target; filter: Expression | undefined; body: Statement[] }
  | { kind: 'with'; at: number; targets: Target[]; values: Expression[]; body: Statement[] }
  | MacroStatement
  | CallStatement
  | { kind: 'filter-block'; at: number; filter: Expression; body: Statement[] }
  | { kind: 'autoescape'; at: number; enabled: Expression; body: Statement[] }
  | BlockStatement
  | { kind: 'break'; at: number }
  | { kind: 'continue'; at: number }
  /** `include`, `import`, `from` or `extends`: there is no loader, so running into one is an error. */
  | { kind: 'load'; at: number; tag: string; template: Expression; names: string[] }

export type IfStatement = Extract<Statement, { kind: 'if' }>

export interface ForStatement {
  kind: 'for'
  at: number
  target: Target
  iterable: Expression
  test: Expression | undefined
  isRecursive: boolean
  body: Statement[]
  otherwise: Statement[]
}

export interface MacroStatement {
  kind: 'macro'
  at: number
  name: string
  parameters: Parameter[]
  body: Statement[]
}

export interface CallStatement {
  kind: 'call-block'
  at: number
  call: Extract<Expression, { kind: 'call' }>
  parameters: Parameter[]
  body: Statement[]
}

export interface BlockStatement {
  kind: 'block'
  at: number
  name: string
  isScoped: boolean
  isRequired: boolean
  body: Statement[]
}
