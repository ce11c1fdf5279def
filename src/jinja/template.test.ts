import assert from 'node:assert/strict'
import { test } from 'node:test'
import { runInNewContext } from 'node:vm'
import {
  compile,
  diagnose,
  evaluate,
  type RenderOptions,
  render,
  TemplateError,
  variablesOf,
  webhookAnswerBudget,
} from './template.ts'

const now = (): Date => new Date('2019-06-01T09:09:01Z')

function failure(source: string, context: Record<string, unknown> = {}, options?: RenderOptions): TemplateError {
  try {
    render(source, context, options)
  } catch (error) {
    assert.ok(error instanceof TemplateError, String(error))
    return error
  }
  return assert.fail(`${source} rendered`)
}

test('a field that is exactly one expression yields the value, not its text', () => {
  const context = { web1: { id: 7, tags: ['a'], price: 9.5, none: null } }
  assert.equal(evaluate('{{ web1.id }}', context), 7)
  assert.equal(evaluate('{{ web1.tags }}\n', context), context.web1.tags)
  assert.equal(evaluate(' {{ web1.id }} ', context), ' 7 ')
  assert.equal(evaluate('{{ web1.none }}', context), null)
  assert.equal(evaluate('{{ missing }}', context), null)
  assert.equal(evaluate('id {{ web1.id }}', context), 'id 7')
  assert.equal(evaluate('{{ web1.id }}{{ web1.id }}', context), '77')
  assert.deepEqual(evaluate('{{ web1.tags|map("upper") }}', context), ['A'])
  assert.deepEqual(evaluate('{{ (1, range(2), "x"|safe) }}', context), [1, [0, 1], 'x'])
})

test('values that leave a template are JSON that keeps the kind of its numbers', () => {
  assert.equal(JSON.stringify(evaluate('{{ [1.0, 1, 3/2, 4/2, 2e30] }}', {})), '[1.0,1,1.5,2.0,2e+30]')
  assert.equal(evaluate('{{ 9007199254740991 + 1 }}', {}), 9007199254740992n)
  assert.equal(evaluate('{{ 9007199254740991 - 1 }}', {}), 9007199254740990)
  assert.equal(evaluate('{{ "nan"|float }}', {}), null)
  assert.equal(JSON.stringify(evaluate('{{ {"a": {1: none}, true: 1.5} }}', {})), '{"a":{"1":null},"true":1.5}')
})

test('a dict with the key __proto__ leaves a template with that key and with nothing else changed', () => {
  const value = evaluate('{{ {"__proto__": {"x": 1}, "constructor": 2} }}', {}) as object
  assert.ok(Object.hasOwn(value, '__proto__') && Object.hasOwn(value, 'constructor'))
  assert.equal(Reflect.get({}, 'x'), undefined)
})

test('own keys of the data are found whatever they are called, inherited ones never', () => {
  const data = Object.assign(
    Object.create(null),
    JSON.parse('{"__proto__": "p", "constructor": "c", "_id": "i"}'),
  ) as object
  assert.equal(
    render('{{ d["constructor"] }} {{ d.constructor }} {{ d._id }} {{ d["__proto__"] }}', { d: data }),
    'c c i p',
  )
  assert.equal(render('{{ d.constructor }}{{ d.toString }}{{ d.hasOwnProperty }}{{ d.__proto__ }}', { d: {} }), '')
  assert.equal(render('{{ toString }}{{ hasOwnProperty }}{{ __proto__ }}', {}), '')
})

test('rendering does not walk the context', () => {
  const context = {
    web1: { id: 1 },
    get other(): unknown {
      return assert.fail('read')
    },
  }
  assert.equal(render('{{ web1.id }}', context), '1')
})

test('a template that changes its data changes a copy', () => {
  const context = { l: [1], d: { a: [1] } }
  assert.equal(
    render('{% do l.append(2) %}{% do d.a.append(l) %}{{ l }} {{ d }}', context),
    "[1, 2] {'a': [1, [1, 2]]}",
  )
  assert.equal(render('{{ l["app" ~ "end"](3) }}{{ l }}', context), 'None[1, 3]')
  assert.deepEqual(context, { l: [1], d: { a: [1] } })
})

test('wildcards come from the clock that is handed in, and only where nothing else has the name', () => {
  const all =
    '{{ datetime }}|{{ date }}|{{ date_de }}|{{ date_us }}|{{ time }}|{{ unix_timestamp + 1 }}|{{ date_utc_180 }}'
  assert.equal(
    render(all, {}, { now }),
    '2019-06-01 09:09:01|2019-06-01|01.06.2019|06/01/2019|09:09|1559380142|2018-12-03',
  )
  assert.equal(render('{{ date }}{% set time = 2 %}{{ time }}', { date: 'own' }, { now }), 'own2')
  assert.equal(evaluate('{{ unix_timestamp }}', {}, { now }), 1559380141)
})

test('globals are known to all templates, and hidden by the context', () => {
  assert.equal(render('{{ a }}{{ b }}', { b: 2 }, { globals: { a: 1, b: 1 } }), '12')
})

test('compiling a source again gives the same template', () => {
  assert.equal(compile('{{ cached }}'), compile('{{ cached }}'))
  assert.notEqual(compile('{{ cached }}'), compile('{{ cached }}', { autoescape: true }))
})

test('a template says what it is', () => {
  const shapes = [
    'plain',
    '{{ x }}\n',
    '{{- x -}}',
    ' {{ x }}',
    'a {{ x }}',
    '{# only a comment #}',
    '{% if x %}{% endif %}',
  ].map((source) => {
    const { isStatic, isExpression } = compile(source)
    return [isStatic, isExpression]
  })
  assert.deepEqual(shapes, [
    [true, false],
    [false, true],
    [false, true],
    [false, false],
    [false, false],
    [false, false],
    [false, false],
  ])
})

test('the variables of a template are the names it takes from outside, with their fixed paths', () => {
  const source =
    "{{ web1['items'][0].id }}{% for x in list %}{{ x.y + other[x.z].a }}{{ loop.index }}{% endfor %}{% set own = 1 %}{{ own + range(3) }}{{ a[?(@.b == c)] }}"
  assert.deepEqual(
    variablesOf(source).map(({ ref, path }) => [ref, ...path].join('.')),
    ['web1.items.0.id', 'list', 'other', 'a', 'c'],
  )
  assert.deepEqual(compile('{{ a.b + a.c }}').variables, ['a'])
})

test('a mistake in the syntax is told with line, column, the line and a caret', () => {
  const error = failure('first\n  {% fro x in y %}')
  assert.deepEqual(
    [error.kind, error.pythonType, error.line, error.column, error.suggestion],
    ['syntax', 'TemplateSyntaxError', 2, 6, 'for'],
  )
  assert.equal(
    error.message,
    'Encountered unknown tag \'fro\': did you mean "for"? (line 2, column 6)\n2 |   {% fro x in y %}\n         ^',
  )
  assert.equal(
    failure("{{ 'a'|slugfy }}").message.split('\n')[0],
    'unknown filter "slugfy": did you mean "slugify"? (line 1, column 8)',
  )
})

test('a mistake at run time is told with line, column, the line and a caret', () => {
  const error = failure('{% for i in list %}\n  {{ i / zero }}\n{% endfor %}', { list: [1], zero: 0 })
  assert.equal(error.message, 'division by zero (line 2, column 8)\n2 |   {{ i / zero }}\n           ^')
  assert.deepEqual([error.kind, error.pythonType], ['runtime', 'ZeroDivisionError'])
  assert.match(failure('{{ wbe1.id }}', { web1: {} }).message, /^'wbe1' is undefined: did you mean "web1"\?/)
  assert.match(
    failure('{{ web1.nmae.x }}', { web1: { name: 1 } }).message,
    /has no attribute 'nmae': did you mean "name"\?/,
  )
})

test('reaching for what is forbidden is an error of its own kind', () => {
  assert.equal(failure("{{ ''.__class__.__mro__ }}").kind, 'security')
})

test('whoever exceeds a budget is told which', () => {
  const limit = (source: string, budget: RenderOptions['budget'], context = {}): string => {
    const error = failure(source, context, { budget: budget ?? {} })
    assert.equal(error.kind, 'limit', error.message)
    return error.reason
  }
  assert.match(limit('{% for i in range(1000) %}{% endfor %}', { fuel: 500 }), /units of work \(the limit is 500\)/)
  assert.match(limit('{{ "ab" * 100 }}', { textLength: 100 }), /a text of 200 characters/)
  assert.match(limit('{{ [1] * 100 }}', { listItems: 10 }), /a list of 100 items/)
  assert.match(limit('{% for i in range(9) %}{{ "é" * 10 }}{% endfor %}', { outputBytes: 100 }), /output in bytes/)
  assert.match(limit('{{ 2 ** 1000 }}', { integerBits: 500 }), /an integer of/)
  assert.match(limit('{% macro m() %}{{ m() }}{% endmacro %}{{ m() }}', { recursionDepth: 5 }), /more than 5 macros/)
  assert.match(
    limit('{% for a in range(100000) %}{% for b in range(99) %}{% endfor %}{% endfor %}', {
      fuel: 1e12,
      deadlineMilliseconds: 50,
    }),
    /milliseconds/,
  )
  assert.match(
    limit('{% for a in range(100000) %}{{ a }}{{ a }}{{ a }}{% endfor %}', webhookAnswerBudget),
    /units of work/,
  )
})

test('undefined names print nothing, raise, or go on for ever, as is chosen', () => {
  assert.equal(render('[{{ missing }}]', {}), '[]')
  assert.equal(failure('{{ missing }}', {}, { undefined: 'strict' }).pythonType, 'UndefinedError')
  assert.equal(render('[{{ missing.a.b }}]', {}, { undefined: 'chainable' }), '[]')
  assert.equal(compile('[{{ missing.a }}]', { undefined: 'chainable' }).render({}), '[]')
})

test('diagnose finds mistakes, unknown filters, unknown names and unknown keys, with suggestions', () => {
  const tell = (source: string): string[] =>
    diagnose(source, { context: { web1: { name: 1 }, list: [{}] } }).map(
      ({ severity, line, column, message }) => `${severity} ${line}:${column} ${message}`,
    )
  assert.deepEqual(
    tell('{{ web1.name|upper }}{% for x in list %}{{ x.any }}{{ loop.index }}{% endfor %}{{ date }}'),
    [],
  )
  assert.deepEqual(tell('{{ web1.nmae }}\n{{ wbe1|uper }}'), [
    'warning 1:4 "web1" has no "nmae": did you mean "name"?',
    'warning 2:4 unknown name "wbe1": did you mean "web1"?',
    'error 2:9 unknown filter "uper": did you mean "upper"?',
  ])
  assert.deepEqual(tell('{{ web1. }}'), ['error 1:10 expected name or number'])
  assert.deepEqual(diagnose('{{ anything }}'), [])
})

test('data from another realm is data too', () => {
  const foreign = runInNewContext('({ a: { b: [1, { c: 2 }] } })') as Record<string, unknown>
  assert.equal(render('{{ d.a.b[1].c }} {{ d }} {{ d.constructor }}', { d: foreign }), "2 {'a': {'b': [1, {'c': 2}]}} ")
})
