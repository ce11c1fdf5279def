import type { CompileOptions } from '../../src/jinja/template.ts'
import type { Random } from './random.ts'

/** A template and the environment it is rendered in. */
export interface GeneratedTemplate {
  source: string
  env: CompileOptions
}

const environments: readonly CompileOptions[] = [
  {},
  {},
  {},
  { trim_blocks: true },
  { lstrip_blocks: true },
  { trim_blocks: true, lstrip_blocks: true },
  { trim_blocks: true, lstrip_blocks: true, keep_trailing_newline: true },
  { keep_trailing_newline: true },
  { autoescape: true },
  { undefined: 'chainable' },
]

/** Names that statements set and values read, so that scopes are seen at work. */
const names = ['x', 'y', 'z', 'w'] as const

const values = [
  'n',
  's',
  'l',
  'd',
  'words',
  'users[0].name',
  '1',
  '"a"',
  '[1, 2]',
  '"<b>"',
  '"<i>"|safe',
  '(1, 2)',
  'none',
  'half',
  'nested',
  'l|first',
  'range(3)|list',
  'loop.index',
  'loop.first',
  'loop.depth',
  'caller is defined',
  'missing',
  'ns.a',
  'ns.b|default("nb")',
] as const

const filters = [
  'string',
  'default("d")',
  'e',
  'string|upper',
  'string|title',
  'string|replace("a", "b")',
  'string|indent(2)',
  'string|e',
  'safe',
  'string|wordcount',
  'string|center(9)',
  'pprint',
] as const

const sequences = [
  'l',
  'words',
  'range(3)',
  '"abc"',
  'd',
  'nested',
  '[x, y]',
  '[]',
  'users|map(attribute="name")',
  '(1, 2, 3)',
  'l|sort',
  'd.items()',
  'words|unique',
  'l|batch(2)',
  'missing',
  'z if z is iterable else [1]',
  'range(5, 0, -2)',
] as const

const pairs = [
  'd.items()',
  'd|dictsort',
  '[(1, 2), [3, 4]]',
  '["ab", "cd"]',
  'users|groupby("active")',
  'words|groupby(0)',
] as const

const loopValues = [
  'loop.index0',
  'loop.revindex',
  'loop.last',
  'loop.length',
  'loop.previtem|default("-")',
  'loop.nextitem|default("-")',
  'loop.cycle("a", "b", "c")',
  'loop.changed(x)',
  'loop',
] as const

const text = ['', '', '', 'x', ' ', '\n', ' a \n', '\n  ', '|', '<p>', 'é', '\t', '\n\n'] as const

/** Pieces that differ in the white space they keep, strip or protect. */
const spaced = [
  'x',
  ' ',
  '\n',
  '\n\n',
  '\t',
  '\r\n',
  '\r',
  ' \n ',
  '\u00a0',
  '\v',
  '\u2028',
  '\x1c',
  '{# c #}',
  '{#- c #}',
  '{# c -#}',
  '{#+ c +#}',
  '{#-#}',
  '{{ n }}',
  '{{- n -}}',
  "{{ ' x ' -}}",
  '{% set a = 1 %}',
  '{%- set a = 1 -%}',
  '{%+ set a = 1 +%}',
  '{% raw %} r {% endraw %}',
  '{%- raw -%} r {%- endraw -%}',
  '{% raw -%} \n r\n {%+ endraw %}',
  '{% raw %}\n{{ x }}\n  {% endraw +%}',
] as const

/** Writes templates of statements inside statements, and of nothing but white space and what strips it. Most of them work. */
export class StatementGenerator {
  readonly #random: Random
  #blocks = 0
  constructor(random: Random) {
    this.#random = random
  }

  template(): GeneratedTemplate {
    this.#blocks = 0
    const env = this.#random.pick(environments)
    return { source: this.#random.chance(0.2) ? this.#whiteSpace(5) : this.#statements(), env }
  }

  #statements(): string {
    const macros =
      '{% set ns = namespace(a=1) %}{% macro m2(a=1, b="q") %}[{{ a }}{{ b }}{{ x }}]{% endmacro %}' +
      '{% macro m1(v) %}({{ v }}{{ caller() if caller else "" }}){% endmacro %}'
    const start = this.#random.pick(['', '{% set x = 5 %}', "{% set x, y = '<', [1] %}", "{% set z = '<z>'|safe %}"])
    return macros + start + this.#body(4)
  }

  #tag(inside: string): string {
    const mark = (): string => (this.#random.chance(0.25) ? this.#random.pick(['-', '+']) : '')
    return `{%${mark()} ${inside} ${mark()}%}`
  }

  #print(value: string): string {
    const mark = (): string => (this.#random.chance(0.15) ? '-' : '')
    return `{{${mark()} ${value} ${mark()}}}`
  }

  #enclosed(head: string, body: string, name: string): string {
    return this.#tag(head) + body + this.#tag(`end${name}`)
  }

  #body(depth: number): string {
    let written = this.#random.pick(text)
    for (let count = this.#random.below(3); count >= 0; count--)
      written += this.#statement(depth - 1) + this.#random.pick(text)
    return written
  }

  #value(): string {
    const { pick } = this.#picker()
    const name = (): string => pick(names)
    return pick([
      name,
      () => pick(values),
      () => `${name()} ~ ${name()}`,
      () => `[${name()}, ${name()}]`,
      () => `${name()} == ${name()}`,
      () => `${name()} is ${pick(['defined', 'none', 'string', 'number', 'iterable', 'escaped'])}`,
      () => `${name()}|${pick(filters)}`,
      () => `(${name()} if ${name()} else ${name()})`,
      () => `not ${name()}`,
      () => `m1(${name()})`,
      () => `m2(${pick(['', name(), `b=${name()}`, `${name()}, ${name()}`])})`,
    ])()
  }

  #statement(depth: number): string {
    const { pick } = this.#picker()
    if (depth <= 0) return this.#print(this.#value())
    const body = (): string => this.#body(depth)
    return pick([
      () => this.#print(this.#value()),
      () => this.#enclosed(`if ${this.#value()}`, body() + this.#tag('else') + body(), 'if'),
      () => this.#enclosed(`if ${this.#value()}`, body() + this.#tag(`elif ${this.#value()}`) + body(), 'if'),
      () => this.#loop(depth),
      () => this.#loop(depth),
      () =>
        this.#enclosed(
          `for x, y in ${pick(pairs)}${pick(['', ' if x', ' if y is defined'])}`,
          this.#turn(depth),
          'for',
        ),
      () => this.#tag(`set ${pick(names)} = ${this.#value()}`),
      () => this.#tag(`set ${pick(['x, y', 'y, z'])} = ${this.#value()}, ${this.#value()}`),
      () => this.#tag(`set ns.${pick(['a', 'b'])} = ${this.#value()}`),
      () =>
        this.#enclosed(
          `set ${pick(names)}${pick(['', '|upper', '|e', '|replace("a", "<")', '|length'])}`,
          body(),
          'set',
        ),
      () => this.#enclosed(`with ${pick(['', `x = ${this.#value()}`, 'x = y, y = x'])}`, body(), 'with'),
      () =>
        this.#enclosed(
          `filter ${pick(['upper', 'trim', 'e', 'replace("a", "<b>")', 'indent', 'title'])}`,
          body(),
          'filter',
        ),
      () =>
        this.#enclosed(
          `macro m1(${pick(['a', 'a, b=2', 'a, b=x', 'a=y', 'x'])})`,
          `{{ a }}{{ caller() if caller }}${body()}`,
          'macro',
        ),
      () => this.#enclosed(`call${pick(['', '(x)', '(y=1)'])} m1(${this.#value()})`, body(), 'call'),
      () => this.#enclosed(`autoescape ${pick(['true', 'false', 'x', 'y == 1'])}`, body(), 'autoescape'),
      () => this.#enclosed(`block b${this.#blocks++}${pick(['', ' scoped'])}`, body(), 'block'),
    ])()
  }

  #loop(depth: number): string {
    const { pick } = this.#picker()
    const name = pick(names)
    const condition = this.#random.chance(0.25) ? ` if ${pick([name, `${name} is string`, `not ${name}`])}` : ''
    const otherwise = this.#random.chance(0.3) ? this.#tag('else') + this.#body(depth) : ''
    return this.#enclosed(`for ${name} in ${pick(sequences)}${condition}`, this.#turn(depth) + otherwise, 'for')
  }

  #turn(depth: number): string {
    const { pick } = this.#picker()
    const leave = this.#random.chance(0.15)
      ? `{% if loop.index == 2 %}${this.#tag(pick(['break', 'continue']))}{% endif %}`
      : ''
    return this.#body(depth) + this.#print(pick(loopValues)) + leave
  }

  #whiteSpace(depth: number): string {
    const { pick } = this.#picker()
    let written = ''
    for (let count = 2 + this.#random.below(6); count > 0; count--) {
      const inner = depth > 0 && this.#random.chance(0.2) ? this.#whiteSpace(depth - 2) : undefined
      if (inner === undefined) written += pick(spaced)
      else
        written += this.#random.chance(0.5)
          ? this.#enclosed('if n', inner, 'if')
          : this.#enclosed('for i in l', inner, 'for')
    }
    return written
  }

  #picker(): { pick: <T>(items: readonly T[]) => T } {
    return { pick: (items) => this.#random.pick(items) }
  }
}
