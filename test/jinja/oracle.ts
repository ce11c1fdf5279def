// Renders freshly generated templates with this engine and with Python's sandboxed Jinja2, and prints where they differ.
//   node test/jinja/oracle.ts [--seed N] [--count 5000] [--show 20] [--python /usr/bin/python3]
import { spawnSync } from 'node:child_process'
import { parseArgs } from 'node:util'
import { compile, TemplateError } from '../../src/jinja/template.ts'
import { oracleContext, TemplateGenerator } from './generate.ts'
import { type GeneratedTemplate, StatementGenerator } from './generate-statements.ts'
import { Random } from './random.ts'
import { readContext } from './read-context.ts'

const leastShare = 0.995

/** Reads the context and then a line `{source, env}` a template, answers a line `{output}` or `{error}` for each. */
const pythonSide = `
import sys, json
from jinja2 import ChainableUndefined
from jinja2.sandbox import SandboxedEnvironment
def environment(settings):
    if 'undefined' in settings: settings['undefined'] = ChainableUndefined
    return SandboxedEnvironment(extensions=['jinja2.ext.do', 'jinja2.ext.loopcontrols'], **settings)
context = sys.stdin.readline()
for line in sys.stdin:
    try:
        case = json.loads(line)
        answer = {'output': environment(case['env']).from_string(case['source']).render(json.loads(context))}
    except BaseException as error:
        answer = {'error': type(error).__name__, 'message': str(error)[:200]}
    print(json.dumps(answer))
`

interface Answer {
  output?: string
  error?: string
  message?: string
}

const { values: options } = parseArgs({
  options: {
    seed: { type: 'string', default: '20260101' },
    count: { type: 'string', default: '5000' },
    show: { type: 'string', default: '20' },
    python: { type: 'string', default: '/usr/bin/python3' },
  },
})

const probe = spawnSync(options.python, ['-c', 'import jinja2; print(jinja2.__version__)'], { encoding: 'utf8' })
if (probe.status !== 0) {
  console.error(
    `The oracle needs Python with Jinja2, and ${options.python} has none. On Debian and Ubuntu: apt-get install python3-jinja2`,
  )
  process.exit(2)
}

const random = new Random(Number(options.seed))
const values = new TemplateGenerator(random)
const statements = new StatementGenerator(random)
const templates = Array.from({ length: Number(options.count) }, (_, index) =>
  index % 2 === 0 ? { source: values.template(), env: {} } : statements.template(),
)
// One line, with its numbers written as they are.
const context = oracleContext.replace(/\n\s*/g, ' ')
const lines = [context, ...templates.map((template) => JSON.stringify(template))]
const python = spawnSync(options.python, ['-c', pythonSide], {
  input: `${lines.join('\n')}\n`,
  encoding: 'utf8',
  maxBuffer: 1 << 30,
})
if (python.status !== 0) {
  console.error(python.stderr)
  process.exit(2)
}
const expected = python.stdout
  .trimEnd()
  .split('\n')
  .map((line) => JSON.parse(line) as Answer)

let equal = 0
let errors = 0
let otherErrors = 0
let shown = 0
for (const [index, template] of templates.entries()) {
  const ours = answer(template)
  const theirs = expected[index]!
  if (theirs.error !== undefined) errors += 1
  // An object's address in memory is different each time even in Python.
  const isSame =
    theirs.error === undefined
      ? ours.output === theirs.output || / at 0x[0-9a-f]+>/i.test(theirs.output ?? '')
      : ours.error !== undefined
  if (isSame) {
    equal += 1
    if (theirs.error !== undefined && theirs.error !== ours.error) otherErrors += 1
    continue
  }
  shown += 1
  if (shown <= Number(options.show)) {
    console.log(
      `--- ${JSON.stringify(template.source)} ${JSON.stringify(template.env)}\n    Python: ${JSON.stringify(theirs)}\n    ours:   ${JSON.stringify(ours)}`,
    )
  }
}
const share = equal / templates.length
console.log(
  `seed ${options.seed}, Jinja2 ${probe.stdout.trim()}: ${equal} of ${templates.length} equal (${(share * 100).toFixed(2)} %); ` +
    `${errors} of them errors in Python, ${otherErrors} of these under another name here`,
)
process.exitCode = share >= leastShare ? 0 : 1

function answer({ source, env }: GeneratedTemplate): Answer {
  try {
    return { output: compile(source, env).render(readContext(context)) }
  } catch (error) {
    if (!(error instanceof TemplateError))
      return { error: 'CRASH', message: String(error instanceof Error ? error.stack : error) }
    return { error: error.pythonType, message: error.reason }
  }
}
