// Measures cached renders a second of this engine, nunjucks, minijinja-js and CPython's Jinja2, in one run.
//   node test/jinja/bench.ts [--seconds 1] [--python /usr/bin/python3]
import { spawnSync } from 'node:child_process'
import { createRequire } from 'node:module'
import { parseArgs } from 'node:util'
import { compile } from '../../src/jinja/template.ts'

const { values: options } = parseArgs({
  options: { seconds: { type: 'string', default: '1' }, python: { type: 'string', default: '/usr/bin/python3' } },
})
const seconds = Number(options.seconds)

const answer = '{"valid": {% if res1.value == "myResult" %}"{{ res1.value }}"{% else %}false{% endif %}}'
const loop =
  '{% for user in users %}{{ user.name|upper|replace("A", "4")|trim }} {{ user.age|default(0) }} {{ user.tags|join(",") }}\n{% endfor %}'

/** A context of about so many bytes, of which the template needs little. */
function contextOf(bytes: number): Record<string, unknown> {
  const items: unknown[] = []
  while (JSON.stringify(items).length < bytes - 100) {
    items.push({ sku: `A-${items.length}`, qty: items.length, price: 9.5, note: 'x'.repeat(40) })
  }
  return { res1: { value: 'myResult' }, web1: { items } }
}

const users = Array.from({ length: 100 }, (_, index) => ({
  name: ` user ${index} a `,
  age: index,
  tags: ['x', 'y', 'z'],
}))
const cases: { name: string; template: string; context: Record<string, unknown> }[] = [
  { name: 'webhook answer, context of 1 kB', template: answer, context: contextOf(1_000) },
  { name: 'webhook answer, context of 100 kB', template: answer, context: contextOf(100_000) },
  { name: 'loop over 100 items, five filters', template: loop, context: { users } },
]

/** Renders a second: the best of three runs, since anything else on the machine only makes them slower. */
function measure(render: () => unknown): number {
  let best = 0
  for (let run = 0; run < 3; run++) {
    const end = performance.now() + (seconds * 1000) / 3
    let count = 0
    const start = performance.now()
    while (performance.now() < end) {
      for (let turn = 0; turn < 50; turn++) render()
      count += 50
    }
    best = Math.max(best, (count / (performance.now() - start)) * 1000)
  }
  return best
}

const pythonSide = `
import sys, json, time
from jinja2.sandbox import SandboxedEnvironment
request = json.load(sys.stdin)
answers = []
for case in request['cases']:
    template = SandboxedEnvironment().from_string(case['template'])
    context = case['context']
    best = 0
    for _ in range(3):
        count, start = 0, time.perf_counter()
        end = start + request['seconds'] / 3
        while time.perf_counter() < end:
            for _ in range(50): template.render(context)
            count += 50
        best = max(best, count / (time.perf_counter() - start))
    answers.append(best)
print(json.dumps(answers))
`

function measurePython(): (number | undefined)[] {
  const python = spawnSync(options.python, ['-c', pythonSide], {
    input: JSON.stringify({ cases, seconds }),
    encoding: 'utf8',
  })
  return python.status === 0 ? (JSON.parse(python.stdout) as number[]) : cases.map(() => undefined)
}

interface Nunjucks {
  Environment: new (loader: null, options: object) => object
  Template: new (
    source: string,
    environment: object,
    path: string,
    eager: boolean,
  ) => { render(context: object): string }
}
interface MiniJinja {
  Environment: new () => {
    addTemplate(name: string, source: string): void
    renderTemplate(name: string, context: object): string
  }
}

const require = createRequire(import.meta.url)
const nunjucks = require('nunjucks') as Nunjucks
const minijinja = require('minijinja-js') as MiniJinja

const python = measurePython()
console.log(
  `${'renders a second'.padEnd(36)}${['this engine', 'nunjucks', 'minijinja-js', 'CPython', 'ours : CPython'].map((name) => name.padStart(16)).join('')}`,
)
for (const [index, { name, template, context }] of cases.entries()) {
  const ours = measure(() => compile(template).render(context))
  const theirTemplate = new nunjucks.Template(
    template,
    new nunjucks.Environment(null, { autoescape: false }),
    name,
    true,
  )
  const mini = new minijinja.Environment()
  mini.addTemplate(name, template)
  const figures = [
    ours,
    measure(() => theirTemplate.render(context)),
    measure(() => mini.renderTemplate(name, context)),
    python[index],
  ]
  const shown = figures.map((figure) =>
    (figure === undefined ? '-' : Math.round(figure).toLocaleString('en')).padStart(16),
  )
  const ratio = python[index] === undefined ? '-' : `${(ours / python[index]).toFixed(1)}`
  console.log(`${name.padEnd(36)}${shown.join('')}${ratio.padStart(16)}`)
}
