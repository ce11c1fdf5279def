// Templates written to hurt: each must end soon, small, and with a clear error, and none may reach the host.
//   node test/jinja/hostile.ts [--only NAME]     prints time and outcome of each, and the memory of the process
import { compile, flowStepBudget, TemplateError } from '../../src/jinja/template.ts'

export interface Hostile {
  name: string
  template: string
  /** What must come of it: an error of one of these kinds, or a text that is harmless. */
  expect: 'error' | 'harmless' | 'either'
}

const nested = (open: string, inside: string, close: string, count: number): string =>
  open.repeat(count) + inside + close.repeat(count)
const hostile = (name: string, template: string, expect: Hostile['expect'] = 'error'): Hostile => ({
  name,
  template,
  expect,
})

export const hostileContext: Record<string, unknown> = {
  a: { b: 1, constructor: 'own', tags: [1, 2, 3] },
  text: 'a'.repeat(50_000),
  spaces: ' '.repeat(100_000),
  tags: '<'.repeat(100_000),
  numbers: Array.from({ length: 1000 }, (_, index) => index),
}

export const hostileTemplates: readonly Hostile[] = [
  // Loops
  hostile('a range of a thousand million', '{% for i in range(10**9) %}x{% endfor %}'),
  hostile('a list of a huge range', '{{ range(10**12)|list }}'),
  hostile('a range just too large', '{{ range(100001)|length }}'),
  hostile(
    'three loops inside one another',
    '{% for a in range(10000) %}{% for b in range(10000) %}{% for c in range(10000) %}{% endfor %}{% endfor %}{% endfor %}',
  ),
  hostile('a loop over a list that grows', '{% set l = [1] %}{% for x in l %}{% do l.append(x) %}{% endfor %}'),
  hostile(
    'a dict that grows while it is walked',
    '{% set d = {"a": 1} %}{% for x in d %}{% do d.update({x ~ "b": 1}) %}{% endfor %}',
  ),
  hostile(
    'loops that print',
    '{% for a in range(100000) %}{% for b in range(100) %}0123456789{% endfor %}{% endfor %}',
  ),
  hostile(
    'a cartesian product by slices',
    '{% set ns = namespace(l=numbers) %}{% for i in range(99) %}{% set ns.l = ns.l + ns.l %}{% endfor %}{{ ns.l|length }}',
  ),
  // Texts
  hostile('a text times two thousand million', "{{ 'x' * 2000000000 }}"),
  hostile(
    'a text doubled again and again',
    "{% set ns = namespace(s='x') %}{% for i in range(99) %}{% set ns.s = ns.s ~ ns.s %}{% endfor %}",
  ),
  hostile(
    'a text doubled by +',
    "{% set ns = namespace(s='xy') %}{% for i in range(60) %}{% set ns.s = ns.s + ns.s %}{% endfor %}",
  ),
  hostile('a list times a thousand million', '{{ [1] * 10**9 }}'),
  hostile('a tuple times a million, repeated', '{% for i in range(1000) %}{% set x = (1, 2) * 200000 %}{% endfor %}'),
  hostile('center', "{{ 'x'|center(10**9) }}"),
  hostile('ljust', "{{ 'x'.ljust(10**9) }}"),
  hostile('zfill', "{{ 'x'.zfill(10**9) }}"),
  hostile('indent by a huge width', "{{ 'a\nb'|indent(10**9) }}"),
  hostile('indent many lines', "{{ ('\n' * 100000)|indent(10000, true, true) }}"),
  hostile('expandtabs', "{{ ('\t' * 10000).expandtabs(100000) }}"),
  hostile('replace nothing by much', "{{ text|replace('', text) }}"),
  hostile('replace a letter by much', "{{ text.replace('a', text) }}"),
  hostile('join much by much', '{{ numbers|join(text * 100) }}'),
  hostile('batch filled up', '{{ [1]|batch(10**9, 0)|list }}'),
  hostile('slice into many', '{{ [1]|slice(10**9)|list }}'),
  hostile('wordwrap a long word', '{{ (text * 20)|wordwrap(1) }}', 'either'),
  hostile('wordwrap many words', "{{ ('a-' * 500000)|wordwrap(3) }}", 'either'),
  hostile('a title of much white space', '{{ spaces|title|length }}', 'either'),
  hostile('striptags of open tags', '{{ tags|striptags|length }}', 'either'),
  hostile('urlize a long word', '{{ (text ~ ".com")|urlize|length }}', 'either'),
  hostile('urlize brackets', "{{ ('(' * 100000)|urlize|length }}", 'either'),
  hostile('tojson with a huge indent', '{{ {"a": [[[[[[[[1]]]]]]]]}|tojson(indent=10**9) }}', 'either'),
  hostile('pprint of a wide list', '{{ (numbers * 400)|pprint|length }}', 'either'),
  hostile('lipsum', '{{ lipsum(n=10**6) }}'),
  hostile('lipsum with long paragraphs', '{{ lipsum(n=1, min=10**9, max=10**9 + 1) }}'),
  hostile('a translation that grows', '{{ text.translate({97: text}) }}'),
  // Formats
  hostile('a huge width in %', "{{ '%1000000000d' % 1 }}"),
  hostile('a huge width by *', "{{ '%*d' % (10**9, 1) }}"),
  hostile('a huge precision in %', "{{ '%.1000000000f' % 1.5 }}"),
  hostile(
    'a large precision, again and again',
    "{% for i in range(1000) %}{{ ('%.5000000f' % 1.5)|length }}{% endfor %}",
  ),
  hostile('a huge width in format', "{{ '{:1000000000}'.format(1) }}"),
  hostile('formats inside formats', "{{ '{:{}}'.format(1, '9' * 20) }}"),
  hostile('many fields', "{{ ('{0}' * 100000).format(text) }}"),
  hostile('a field of brackets', "{{ ('{' ~ '[' * 2000000).format() }}"),
  hostile('fields of brackets that end', "{{ ('{' ~ '[' * 1000000 ~ '}' ~ ']').format() }}"),
  hostile('conversions without end', "{{ ('%(' * 1000000) % {} }}"),
  hostile('format of a class', "{{ '{0.__class__.__mro__}'.format('') }}", 'either'),
  // Numbers
  hostile('a power of a power', '{{ 10**(10**9) }}'),
  hostile('a huge power', '{{ 10**1000000000 }}'),
  hostile(
    'squares of squares',
    '{% set ns = namespace(n=3) %}{% for i in range(99) %}{% set ns.n = ns.n * ns.n %}{% endfor %}',
  ),
  hostile('a shift by power', '{{ 2 ** 100000000 }}'),
  hostile('digits without end', `{{ ${'9'.repeat(5000)} }}`),
  hostile('int of many digits', "{{ ('9' * 1000000)|int }}", 'either'),
  hostile('int of many digits of a power of two', "{{ ('f' * 1000000)|int(0, 16) }}", 'either'),
  hostile('round to many digits', '{{ 1.5|round(1000000000) }}', 'either'),
  hostile('round a power away', '{{ 5|round(-1000000000) }}', 'either'),
  hostile('ceil at many digits', "{{ 1.5|round(1000000000, 'ceil') }}"),
  hostile('to_bytes', '{{ (1).to_bytes(10**9) }}'),
  // Recursion
  hostile('a macro that calls itself', '{% macro m() %}{{ m() }}{% endmacro %}{{ m() }}'),
  hostile(
    'two macros that call each other',
    '{% macro a() %}{{ b() }}{% endmacro %}{% macro b() %}{{ a() }}{% endmacro %}{{ a() }}',
  ),
  hostile(
    'a macro that calls itself twice',
    '{% macro m(n) %}{% if n %}{{ m(n - 1) }}{{ m(n - 1) }}{% endif %}{% endmacro %}{{ m(60) }}',
  ),
  hostile(
    'a caller that calls',
    '{% macro m() %}{{ caller() }}{% call m() %}{{ m() }}{% endcall %}{% endmacro %}{% call m() %}x{% endcall %}',
  ),
  hostile('a block that renders itself', '{% block a %}{{ self.a() }}{% endblock %}'),
  hostile(
    'a recursive loop over itself',
    '{% set l = [] %}{% do l.append(l) %}{% for x in l recursive %}{{ loop(x) }}{% endfor %}',
  ),
  hostile('a list inside itself', '{% set l = [] %}{% do l.append(l) %}{{ l|tojson }}'),
  hostile(
    'a list equal to one like it',
    '{% set l = [] %}{% do l.append(l) %}{% set m = [] %}{% do m.append(m) %}{{ l == m }}',
  ),
  hostile('a dict inside itself', '{% set d = {} %}{% do d.update({"d": d}) %}{{ d|jsonify }}'),
  // Syntax
  hostile('twenty thousand parentheses', `{{ ${nested('(', '1', ')', 20_000)} }}`),
  hostile('twenty thousand brackets', `{{ ${nested('[', '', ']', 20_000)} }}`),
  hostile('five thousand ifs', nested('{% if true %}', 'x', '{% endif %}', 5_000)),
  hostile('many nots', `{{ ${'not '.repeat(50_000)}1 }}`),
  hostile('many signs', `{{ ${'-'.repeat(50_000)}1 }}`),
  hostile('a long sum', `{{ ${'1+'.repeat(50_000)}1 }}`),
  hostile('a long chain of filters', `{{ 1${'|string'.repeat(50_000)} }}`),
  hostile('a long chain of lookups', `{{ a${'.b'.repeat(50_000)} }}`),
  hostile('a long chain of conditions', `{{ ${'1 if 0 else '.repeat(50_000)}1 }}`),
  hostile('tags that are never closed', '{{ '.repeat(200_000)),
  hostile('comments that are never closed', '{# '.repeat(200_000)),
  hostile('raw that is never closed', `{% raw %}${'{% '.repeat(200_000)}`),
  hostile('a text that is never closed', `{{ "${'\\"'.repeat(200_000)}`),
  hostile('white space without end', `{%${' '.repeat(500_000)}`),
  hostile('JSONPath filters inside one another', `{{ a${nested('[?(@', '', ')]', 20_000)} }}`),
  hostile('a source that is too long', 'x'.repeat(2 * 1024 * 1024)),
  // Patterns
  hostile('a pattern with two plusses', "{{ (text ~ 'b')|regex_search('(a+)+$') }}", 'either'),
  hostile('a pattern of alternatives', "{{ (text ~ 'b')|regex_replace('(a|aa)+$', '') }}", 'either'),
  hostile('a pattern of many stars', "{{ (text ~ 'b')|regex_search('a*a*a*a*a*a*b$b') }}", 'either'),
  hostile('a pattern with a backreference', "{{ (text ~ 'b')|regex_search('(a*)*\\\\1c') }}"),
  hostile('a pattern with a lookahead', "{{ text|regex_findall('(?=a*b)a') }}"),
  hostile('counts that multiply', "{{ 'a'|regex_search('((((a{99}){99}){99}){99})') }}"),
  hostile('deep groups', `{{ 'a'|regex_search('${nested('(', 'a', ')', 90)}') }}`, 'either'),
  hostile('a replacement that explodes', "{{ text|regex_replace('a', '\\\\g<0>' * 2000) }}"),
  // Reaching for the host
  hostile('the constructor of a text', "{{ ''.constructor.constructor('return process')() }}"),
  hostile('the constructor by item', "{{ ''['constructor']['constructor']('return process')() }}"),
  hostile('the constructor of a function', "{{ range.constructor('return process')() }}"),
  hostile('the constructor of a list', '{{ [].constructor }}{{ a.tags.constructor }}', 'harmless'),
  hostile('the prototype', '{{ a.__proto__.polluted }}'),
  hostile(
    'setting the prototype',
    '{% set x = {} %}{% do x.update({"__proto__": {"polluted": 1}}) %}{{ {}.polluted }}{{ a.polluted }}',
    'harmless',
  ),
  hostile('the class', "{{ ''.__class__.__mro__[1].__subclasses__() }}"),
  hostile('the class by attr', "{{ (''|attr('__class__'))|attr('__mro__') }}"),
  hostile('the class by format', "{{ '{0.__class__.__init__.__globals__}'.format(range) }}", 'either'),
  hostile('the globals of a function', "{{ lipsum.__globals__['os'].popen('id').read() }}"),
  hostile('the class by map', "{{ ['']|map(attribute='__class__')|map(attribute='__mro__')|list }}"),
  hostile(
    'names of the host',
    '{{ process }}{{ globalThis }}{{ require }}{{ module }}{{ this }}{{ window }}',
    'harmless',
  ),
  hostile(
    'methods of the host',
    "{{ 'a'.charAt }}{{ a.tags.map }}{{ a.hasOwnProperty }}{{ (1).toFixed }}{{ a.valueOf }}",
    'harmless',
  ),
  hostile('calling a method of the host', "{{ a.tags.map('x') }}"),
  hostile('a filter of the host', "{{ 'a'|toString }}"),
  hostile('internals of the engine', '{{ range.call }}{{ loop.recurse }}'),
  hostile(
    'internals of a namespace',
    '{% set ns = namespace() %}{{ ns.values }}{{ ns.item }}{{ ns.typeName }}',
    'harmless',
  ),
]

/** Texts that only the host could have put into an output. */
const hostTraces = /native code|\[object |function\s*\(|v\d+\.\d+\.\d+|process\.|node:/

export interface Outcome {
  hostile: Hostile
  milliseconds: number
  /** What went wrong, if anything did. */
  fault: string | undefined
  result: string
}

export function attack(hostileTemplate: Hostile): Outcome {
  const start = performance.now()
  let fault: string | undefined
  let result: string
  try {
    const output = compile(hostileTemplate.template).render(hostileContext, { budget: flowStepBudget })
    result = `text of ${output.length}`
    if (hostileTemplate.expect === 'error') fault = `rendered ${JSON.stringify(output.slice(0, 80))} instead of failing`
    if (hostTraces.test(output)) fault = `shows the host: ${JSON.stringify(output.slice(0, 200))}`
  } catch (error) {
    result = error instanceof TemplateError ? `${error.kind}: ${error.reason}` : String(error)
    if (!(error instanceof TemplateError)) fault = `crashed: ${String(error instanceof Error ? error.stack : error)}`
    else if (hostileTemplate.expect === 'harmless') fault = `failed: ${error.message}`
  }
  return { hostile: hostileTemplate, milliseconds: performance.now() - start, fault, result }
}

if (import.meta.main) {
  const only = process.argv[2] === '--only' ? process.argv[3] : undefined
  let slowest = 0
  for (const each of hostileTemplates) {
    if (only !== undefined && each.name !== only) continue
    const { milliseconds, fault, result } = attack(each)
    slowest = Math.max(slowest, milliseconds)
    console.log(`${milliseconds.toFixed(0).padStart(6)} ms  ${each.name.padEnd(46)} ${fault ?? result.slice(0, 90)}`)
  }
  const megabytes = process.resourceUsage().maxRSS / 1024
  console.log(
    `${only === undefined ? hostileTemplates.length : 1} templates, the slowest ${slowest.toFixed(0)} ms, ${megabytes.toFixed(0)} MB at most in this process`,
  )
}
