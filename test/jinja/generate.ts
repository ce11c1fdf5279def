import type { Random } from './random.ts'

/** The data that generated templates work on, as JSON text: numbers keep the form they are written in. */
export const oracleContext = `{
  "n": 3, "neg": -7, "zero": 0, "big": 12345678901234567890, "pi": 3.14159, "half": 2.5, "whole": 10.0, "tiny": 1e-7,
  "yes": true, "no": false, "nil": null,
  "s": "Hello World", "t": "  a-b_c  ", "u": "Grüße 😀 ñandú", "empty": "", "num": "42", "fl": "3.70", "csv": "a,b,,c",
  "html": "<b>x</b> & 'y' \\"z\\"", "multi": "one\\ntwo\\r\\n\\nthree four", "iso": "2026-11-21T08:15:30Z",
  "l": [3, 1, 2], "floats": [1.5, 2.0, -0.25], "words": ["foo", "Bar", "baz", "foo"], "mixed": [1, "a", null, true, 2.5],
  "nested": [[1, 2], [3], []], "none_list": [], "d": {"b": 2, "a": 1, "c": {"x": "y"}}, "none_dict": {},
  "users": [{"name": "john", "age": 30, "active": true, "tags": ["x", "y"]}, {"name": "Jane", "age": 25, "active": false, "tags": []},
            {"name": "mike", "age": 35, "active": true, "city": "Köln"}]
}`

type Kind = 'int' | 'float' | 'str' | 'bool' | 'list' | 'dict' | 'any'

const names: Record<Kind, readonly string[]> = {
  int: ['n', 'neg', 'zero', 'big', 'users[0].age', 'd.a', "d['b']", 'l[0]', 'l[-1]', 'l|length'],
  float: ['pi', 'half', 'whole', 'tiny', 'floats[0]', 'floats.1'],
  str: ['s', 't', 'u', 'empty', 'num', 'fl', 'csv', 'html', 'multi', 'iso', 'words[1]', 'd.c.x', 'users[1].name'],
  bool: ['yes', 'no', 'users[0].active'],
  list: [
    'l',
    'floats',
    'words',
    'mixed',
    'nested',
    'none_list',
    'users',
    'users[0].tags',
    'range(n)',
    'range(1, 9, 3)',
    '(1, 2, 3)',
  ],
  dict: ['d', 'none_dict', 'users[0]', 'd.c', 'users[2]'],
  any: ['nil', 'missing', 'mixed[1]', 'd.missing', 'nested[0]', 'users[1]', 'x', 's', 'n', 'd', 'l'],
}
const literals: Record<Kind, readonly string[]> = {
  int: ['0', '1', '2', '5', '10', '255', '1_000', '0x1f', '99999999999999999999'],
  float: ['0.5', '1.0', '2.25', '1e3', '1e-5', '3.0e20', '0.1'],
  str: ["'a'", '"b c"', "'ß'", "'é😀'", "''", "'x\\ny'", "'%s-%d'", "'{} {}'", "'10'", "'A,b'", "'o'", "'l'"],
  bool: ['true', 'false', 'True'],
  list: ['[]', '[1, 2, 3]', "['b', 'a']", '[1, [2, 3]]', "('a', 1)", '[none, 1.0]', '[true, 0]'],
  dict: ['{}', "{'a': 1}", "{1: 'x', 'k': [1]}", "{'z': none, 'y': 2.0}"],
  any: ['none', 'None'],
}
const kinds: readonly Kind[] = ['int', 'float', 'str', 'bool', 'list', 'dict', 'any']

/** Writes random templates that mostly make sense: a template that fails at once tells little. */
export class TemplateGenerator {
  readonly #random: Random
  constructor(random: Random) {
    this.#random = random
  }

  template(): string {
    const count = 1 + this.#random.below(3)
    let text = ''
    for (let index = 0; index < count; index++) text += this.#text() + this.#statement(3)
    return text + this.#text()
  }

  #text(): string {
    return this.#random.pick(['', '', 'x', ' ', '\n', ' a \n', '\n  ', '|', '{ }', 'é'])
  }

  #tag(inside: string): string {
    const open = this.#random.chance(0.15) ? this.#random.pick(['-', '+']) : ''
    const close = this.#random.chance(0.15) ? '-' : ''
    return `{%${open} ${inside} ${close}%}`
  }

  #print(value: string): string {
    const open = this.#random.chance(0.1) ? '-' : ''
    const close = this.#random.chance(0.1) ? '-' : ''
    return `{{${open} ${value} ${close}}}`
  }

  #statement(depth: number): string {
    const choice = depth <= 0 ? 0 : this.#random.below(22)
    const body = (): string => this.#text() + this.#statement(depth - 1) + this.#text()
    if (choice < 8) return this.#print(this.#any(3))
    switch (choice) {
      case 8:
      case 9:
        return (
          this.#tag(`if ${this.#any(2)}`) +
          body() +
          (this.#random.chance(0.5) ? this.#tag('else') + body() : '') +
          this.#tag('endif')
        )
      case 10:
        return (
          this.#tag(`if ${this.#of('bool', 2)}`) +
          body() +
          this.#tag(`elif ${this.#any(1)}`) +
          body() +
          this.#tag('endif')
        )
      case 11:
      case 12:
      case 13:
        return this.#loop(depth)
      case 14:
        return this.#tag(`set x = ${this.#any(2)}`) + body() + this.#print('x')
      case 15:
        return `${this.#tag('set x')}${body()}${this.#tag('endset')}${this.#print(this.#random.pick(['x', 'x|upper', 'x|length']))}`
      case 16:
        return `${this.#tag(`with x = ${this.#any(2)}, y = ${this.#any(1)}`)}${body()}${this.#tag('endwith')}`
      case 17:
        return this.#macro(depth)
      case 18:
        return `${this.#tag(`filter ${this.#random.pick(['upper', 'trim', 'length|string', "replace('a', 'b')", 'indent', 'title', 'wordcount|string', "default('x')"])}`)}${body()}${this.#tag('endfilter')}`
      case 19:
        return `${this.#tag('set ns = namespace(v=0)')}{% for i in ${this.#of('list', 1)} %}${this.#tag('set ns.v = ns.v + 1')}{% endfor %}${this.#print('ns.v')}`
      case 20:
        return this.#random.pick([
          `{% raw %}{{ x }}{% endraw %}`,
          `{# comment #}`,
          `{%- raw -%} {% x %} {%- endraw -%} `,
          `{% set a, b = ${this.#of('list', 1)} %}{{ a }}{{ b }}`,
          `{% set m = [] %}{% for i in ${this.#of('list', 1)} %}{% do m.append(i) %}{% endfor %}{{ m }}`,
          `{% set m = {} %}{% for i in words %}{% do m.update({i: loop.index}) %}{% endfor %}{{ m }}`,
        ])
      default:
        return `${this.#tag('call(x) m2()')}${body()}${this.#tag('endcall')}`.replace(
          /^/,
          '{% macro m2() %}[{{ caller(1) }}]{% endmacro %}',
        )
    }
  }

  #loop(depth: number): string {
    const head = this.#random.pick([
      () => `for x in ${this.#of('list', 2)}`,
      () => `for x in ${this.#of('list', 1)} if ${this.#random.pick(['x', 'x is string', 'x is number', 'not x'])}`,
      () => `for x, y in ${this.#of('dict', 1)}.items()`,
      () => `for x in ${this.#of('dict', 1)}|dictsort`,
      () => `for x in ${this.#of('str', 1)}`,
      () => `for x in nested recursive`,
    ])()
    const inside = this.#random.pick([
      () => '{{ x }}',
      () =>
        `{{ loop.${this.#random.pick(['index', 'index0', 'revindex', 'revindex0', 'first', 'last', 'length', 'depth', 'previtem', 'nextitem'])} }}`,
      () => `{{ x }}{{ "," if not loop.last }}`,
      () => `{{ loop.cycle('a', 'b') }}{{ loop.changed(x) }}`,
      () => `{% if loop.index == 2 %}{% ${this.#random.pick(['break', 'continue'])} %}{% endif %}{{ x }}`,
      () => this.#statement(depth - 1),
      () => `{% set x = ${this.#any(1)} %}{{ x }}`,
      () => '{{ loop(x) if x is iterable and x is not string and loop.depth < 3 else x }}',
    ])()
    const otherwise = this.#random.chance(0.2) ? `{% else %}none` : ''
    return `${this.#tag(head)}${this.#text()}${inside}${this.#text()}${otherwise}${this.#tag('endfor')}`
  }

  #macro(depth: number): string {
    const parameters = this.#random.pick(['a', 'a, b=2', "a='x', b=none", '', 'a, b=a'])
    const call = this.#random.pick([
      `m(${this.#any(1)})`,
      `m(${this.#any(1)}, ${this.#any(1)})`,
      `m(b=${this.#any(1)})`,
      'm()',
      'm(*l)',
      "m(**{'a': 1})",
      `m(a=${this.#any(1)})`,
    ])
    const inside = this.#random.pick([
      '{{ a }}',
      '{{ a }}-{{ b }}',
      '{{ varargs }}',
      '{{ kwargs }}',
      this.#statement(depth - 1),
      '{{ a }}{{ x }}',
    ])
    return `${this.#tag(`macro m(${parameters})`)}${inside}${this.#tag('endmacro')}${this.#print(call)}`
  }

  #any(depth: number): string {
    return this.#of(this.#random.pick(kinds), depth)
  }

  /** An expression that mostly has the wanted kind. */
  #of(kind: Kind, depth: number): string {
    if (this.#random.chance(0.03)) return this.#of(this.#random.pick(kinds), depth)
    if (depth <= 0 || this.#random.chance(0.25))
      return this.#random.pick(this.#random.chance(0.6) ? names[kind] : literals[kind])
    // Mostly in parentheses, so that what is done to it is done to all of it; without them now and then, for precedence.
    const sub = (wanted: Kind): string => {
      const inner = this.#of(wanted, depth - 1)
      return /^[\w.[\]]*$/.test(inner) && !/^\d/.test(inner) ? inner : this.#random.chance(0.1) ? inner : `(${inner})`
    }
    switch (kind) {
      case 'int':
        return this.#integer(sub)
      case 'float':
        return this.#float(sub)
      case 'str':
        return this.#string(sub)
      case 'bool':
        return this.#boolean(sub)
      case 'list':
        return this.#list(sub)
      case 'dict':
        return this.#random.pick([
          () => `dict(${sub('dict')}, k=${sub('any')})`,
          () => `{'k': ${sub('any')}, ${sub('str')}: ${sub('int')}}`,
          () => `${sub('dict')}.copy()`,
        ])()
      default:
        return this.#anything(sub)
    }
  }

  #integer(sub: (kind: Kind) => string): string {
    return this.#random.pick([
      () => `(${sub('int')} ${this.#random.pick(['+', '-', '*', '//', '%'])} ${sub('int')})`,
      () => `(${sub('int')} ** ${this.#random.pick(['2', '0', '3', '5'])})`,
      () => `-${sub('int')}`,
      () => `${sub('any')}|length`,
      () => `${sub('list')}|length`,
      () => `${sub('str')}|int`,
      () => `${sub('float')}|int`,
      () => `${sub('str')}|int(${sub('int')}, ${this.#random.pick(['2', '8', '10', '16', '36'])})`,
      () => `${sub('str')}|wordcount`,
      () => `${sub('str')}.${this.#random.pick(['find', 'count', 'rfind'])}(${sub('str')})`,
      () => `${sub('list')}.${this.#random.pick(['count', 'index'])}(${sub('any')})`,
      () => `${sub('list')}|sum`,
      () => `users|sum(attribute='age')`,
      () => `${sub('int')}|abs`,
      () => `(${sub('float')} // ${sub('int')})`,
      () => `${sub('int')}.bit_length()`,
      () => `${sub('int')}|round(${this.#random.pick(['-1', '0', '2'])})`,
    ])()
  }

  #float(sub: (kind: Kind) => string): string {
    return this.#random.pick([
      () => `(${sub('int')} / ${sub('int')})`,
      () => `(${sub('float')} ${this.#random.pick(['+', '-', '*', '/', '%', '//'])} ${sub('float')})`,
      () => `${sub('str')}|float`,
      () => `${sub('float')}|round(${this.#random.pick(['', '1', '2', "0, 'floor'", "1, 'ceil'", '-1'])})`,
      () => `${sub('int')}|float`,
      () => `(${sub('float')} ** ${this.#random.pick(['2', '3', '-1', '0.5'])})`,
      () => `${sub('float')}|abs`,
    ])()
  }

  #string(sub: (kind: Kind) => string): string {
    const { pick } = { pick: <T>(items: readonly T[]): T => this.#random.pick(items) }
    return pick([
      () => `(${sub('str')} ~ ${sub('any')})`,
      () => `(${sub('str')} + ${sub('str')})`,
      () => `(${sub('str')} * ${pick(['0', '2', '3'])})`,
      () =>
        `${sub('str')}|${pick(['upper', 'lower', 'title', 'capitalize', 'trim', 'striptags', 'e', 'urlencode', 'string', 'forceescape', 'reverse', 'first', 'last', 'wordwrap(5)', 'center(12)', 'urlize', 'pprint'])}`,
      () => `${sub('str')}|replace(${sub('str')}, ${sub('str')}${pick(['', ', 1'])})`,
      () => `${sub('str')}|truncate(${pick(['5', '10', '8, true', "7, false, '…', 0"])})`,
      () => `${sub('str')}|indent(${pick(['', '2', '2, true', '2, false, true', "'> '"])})`,
      () => `${sub('list')}|join(${sub('str')})`,
      () => `users|map(attribute='name')|join(', ')`,
      () => `${sub('any')}|tojson${pick(['', '(2)', '(indent=1)'])}`,
      () => `${sub('any')}|string`,
      () => `${sub('any')}|pprint`,
      () => `${sub('int')}|filesizeformat${pick(['', '(true)'])}`,
      () =>
        `'${pick(['%d', '%s', '%5d', '%-6s|', '%05.1f', '%x', '%r', '%+d', '%e', '%g', '%5.2f', '%c', '%o', '%i%%', '%#x', '% d'])}' % ${sub(pick(['int', 'float', 'str', 'any']))}`,
      () => `'${pick(['%s %s', '%s/%d'])}'|format(${sub('any')}, ${sub('int')})`,
      () =>
        `'{:${pick(['', '>8', '<8', '^9', '*^9', '05', ',', '.2f', '+', 'x', 'b', 'e', '.3', '%', 'd', '_', '10.3f', 's', 'g'])}}'.format(${sub(pick(['int', 'float', 'str']))})`,
      () => `'{0}{a}{1!r}'.format(${sub('any')}, ${sub('any')}, a=${sub('str')})`,
      () =>
        `${sub('str')}.${pick(['upper', 'lower', 'title', 'capitalize', 'swapcase', 'strip', 'lstrip', 'rstrip', 'casefold'])}()`,
      () => `${sub('str')}.${pick(['ljust', 'rjust', 'center', 'zfill'])}(${pick(['3', '10', '15'])})`,
      () => `${sub('str')}.replace(${sub('str')}, ${sub('str')})`,
      () => `${sub('str')}.${pick(['strip', 'lstrip', 'removeprefix', 'removesuffix'])}(${sub('str')})`,
      () => `${sub('str')}[${pick(['0', '-1', '1:', ':3', '::-1', '1:4', '::2', '-3:', '5:1:-1', '99'])}]`,
      () => `${sub('str')}.join(${pick(['words', "['a', 'b']", sub('list')])})`,
      () => `${sub('dict')}|xmlattr`,
      () => `${sub('dict')}|urlencode`,
      () => `${sub('str')}.expandtabs(4)`,
    ])()
  }

  #boolean(sub: (kind: Kind) => string): string {
    const { pick } = { pick: <T>(items: readonly T[]): T => this.#random.pick(items) }
    return pick([
      () => `(${sub('any')} ${pick(['==', '!='])} ${sub('any')})`,
      () => `(${sub('int')} ${pick(['<', '<=', '>', '>=', '=='])} ${sub(pick(['int', 'float']))})`,
      () => `(${sub('str')} ${pick(['<', '<=', '>', '>=', '==', 'in', 'not in'])} ${sub('str')})`,
      () => `(${sub('any')} ${pick(['in', 'not in'])} ${sub('list')})`,
      () => `(${sub('str')} in ${sub('dict')})`,
      () => `(not ${sub('any')})`,
      () => `(${sub('int')} < ${sub('int')} <= ${sub('int')})`,
      () =>
        `(${sub('any')} is ${pick(['', 'not '])}${pick(['defined', 'undefined', 'none', 'number', 'string', 'mapping', 'iterable', 'sequence', 'boolean', 'integer', 'float', 'true', 'false', 'callable', 'escaped'])})`,
      () =>
        `(${sub('int')} is ${pick(['odd', 'even', 'divisibleby 3', 'eq 3', 'ge(2)', 'lt 4', 'in [1, 2, 3]', 'sameas 1'])})`,
      () => `(${sub('str')} is ${pick(['lower', 'upper', 'string', "in 'abc'"])})`,
      () =>
        `${sub('str')}.${pick(['isdigit', 'isalpha', 'isalnum', 'isspace', 'istitle', 'isupper', 'islower', 'isidentifier', 'isascii', 'isdecimal', 'isnumeric', 'isprintable'])}()`,
      () => `${sub('str')}.${pick(['startswith', 'endswith'])}(${sub('str')})`,
      () => `(${sub('list')} ${pick(['==', '<', '>='])} ${sub('list')})`,
    ])()
  }

  #list(sub: (kind: Kind) => string): string {
    const { pick } = { pick: <T>(items: readonly T[]): T => this.#random.pick(items) }
    return pick([
      () => `[${sub('any')}, ${sub('any')}]`,
      () => `(${sub('list')} + ${sub('list')})`,
      () => `(${sub('list')} * 2)`,
      () =>
        `${sub('list')}|${pick(['list', 'sort', 'reverse|list', 'unique|list', 'sort(reverse=true)', 'sort(case_sensitive=true)', 'slice(2)|list', 'batch(2)|list', "batch(2, 'x')|list", "slice(3, 'z')|list"])}`,
      () =>
        `${sub('list')}|${pick(['select', 'reject'])}${pick(['', "('odd')", "('string')", "('gt', 1)", "('none')", "('in', [1, 2])", "('defined')"])}|list`,
      () =>
        `${sub('list')}|map('${pick(['upper', 'string', 'length', 'int', 'float', 'abs', 'trim', 'first', "default', 0, true)|map('string"])}')|list`,
      () =>
        `users|${pick(['selectattr', 'rejectattr'])}(${pick(["'active'", "'age', 'gt', 26", "'name', 'equalto', 'Jane'", "'city', 'defined'", "'tags'"])})|map(attribute='${pick(['name', 'age', 'city', 'tags', 'tags.0'])}')|list`,
      () => `users|map(attribute='${pick(['name', 'age', 'city', 'tags.0'])}', default='?')|list`,
      () =>
        `users|${pick(['sort', 'unique', 'sort(true)'])}(attribute='${pick(['name', 'age', 'active,name'])}')|map(attribute='name')|list`.replace(
          ')(',
          ', ',
        ),
      () => `users|groupby('${pick(['active', 'age', "city', default='-"])}')`,
      () =>
        `${sub('dict')}|${pick(['dictsort', "dictsort(false, 'value')", 'list', 'items|list', 'dictsort(reverse=true)', 'dictsort(true)'])}`,
      () => `${sub('dict')}.${pick(['keys', 'values', 'items'])}()|list`,
      () => `${sub('str')}.split(${pick(['', "','", "' '", "'l', 1", 'none, 1', sub('str')])})`,
      () => `${sub('str')}.${pick(['rsplit', 'partition', 'rpartition'])}(${pick(["','", "' '", "'o'"])})`,
      () => `${sub('str')}.splitlines(${pick(['', 'true'])})`,
      () => `${sub('str')}|list`,
      () => `${sub('list')}[${pick(['1:', ':2', '::-1', '-2:', '::2', '3:0:-1'])}]`,
      () => `range(${sub('int')})|list|batch(4)|first`,
    ])()
  }

  #anything(sub: (kind: Kind) => string): string {
    const { pick } = { pick: <T>(items: readonly T[]): T => this.#random.pick(items) }
    return pick([
      () => `${sub('list')}|${pick(['first', 'last', 'min', 'max', 'length'])}`,
      () => `${sub('list')}[${sub('int')}]`,
      () => `${sub('dict')}[${sub('str')}]`,
      () => `${sub('dict')}.${pick(['a', 'k', 'x', 'name', 'missing'])}`,
      () => `${sub('dict')}.get(${sub('str')}, ${sub('any')})`,
      () => `${sub('any')}|default(${sub('any')}${pick(['', ', true'])})`,
      () => `(${sub('any')} if ${sub('bool')} else ${sub('any')})`,
      () => `(${sub('any')} if ${sub('bool')})`,
      () => `(${sub('any')} or ${sub('any')})`,
      () => `(${sub('any')} and ${sub('any')})`,
      () => `(${sub('any')}|attr('${pick(['name', 'upper', '__class__', 'x'])}'))`,
      () => `(users|${pick(['min', 'max'])}(attribute='age')).name`,
    ])()
  }
}
