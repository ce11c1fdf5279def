// Throws random and mutated sources at the lexer, the parser and the compiler.
//   node test/jinja/fuzz.ts [--count 100000] [--seed N] [--seconds 0]
import { readFileSync } from 'node:fs'
import { parseArgs } from 'node:util'
import { compile, diagnose, TemplateError, variablesOf } from '../../src/jinja/template.ts'
import { oracleContext, TemplateGenerator } from './generate.ts'
import { Random } from './random.ts'
import { readContext } from './read-context.ts'

/** Slower than this is a hang, on any machine. */
const mostMilliseconds = 2000

const pieces = [
  '{{',
  '}}',
  '{%',
  '%}',
  '{#',
  '#}',
  '{%-',
  '-%}',
  '{{-',
  '-}}',
  '(',
  ')',
  '[',
  ']',
  '{',
  '}',
  '|',
  '.',
  ',',
  ':',
  '~',
  '**',
  '//',
  '==',
  "'",
  '"',
  '\\',
  '\n',
  ' ',
  'if',
  'for',
  'in',
  'endfor',
  'endif',
  'set',
  'macro',
  'raw',
  'endraw',
  'is',
  'not',
  'x',
  '0',
  '1.5',
  '1e9',
  '[?(@',
  '..',
  '*',
  '$',
  '\ud83d',
  '\u2028',
  '\0',
  'é',
  '😀',
  'call',
  'filter',
  'loop',
  'self',
  'else',
  'recursive',
  'block',
  'import',
] as const

export interface FuzzResult {
  inputs: number
  rendered: number
  faults: string[]
  slowest: number
}

/** Fuzzes until so many inputs are done, or so much time is over. */
export function fuzz(options: { count: number; seed: number; milliseconds: number }): FuzzResult {
  const random = new Random(options.seed)
  const generator = new TemplateGenerator(random)
  const corpus = readFileSync(new URL('../../src/jinja/fixtures/corpus.jsonl', import.meta.url), 'utf8')
    .trimEnd()
    .split('\n')
    .map((line) => (JSON.parse(line) as { t: string }).t)
  const context = readContext(oracleContext)
  const result: FuzzResult = { inputs: 0, rendered: 0, faults: [], slowest: 0 }
  const end = performance.now() + options.milliseconds
  while (result.inputs < options.count && (options.milliseconds === 0 || performance.now() < end)) {
    const source = nextSource(random, generator, corpus)
    const start = performance.now()
    tryOne(source, context, result)
    const took = performance.now() - start
    result.slowest = Math.max(result.slowest, took)
    if (took > mostMilliseconds) result.faults.push(`${took.toFixed(0)} ms for ${JSON.stringify(source)}`)
    result.inputs += 1
  }
  return result
}

function tryOne(source: string, context: Record<string, unknown>, result: FuzzResult): void {
  try {
    diagnose(source, { context })
    const template = compile(source)
    variablesOf(source)
    template.render(context, { budget: { fuel: 20_000, deadlineMilliseconds: 200 } })
    result.rendered += 1
  } catch (error) {
    if (error instanceof TemplateError) return
    result.faults.push(`${JSON.stringify(source)}: ${String(error instanceof Error ? error.stack : error)}`)
  }
}

function nextSource(random: Random, generator: TemplateGenerator, corpus: readonly string[]): string {
  const choice = random.below(10)
  if (choice < 2)
    return Array.from({ length: random.below(40) }, () => random.pick(pieces)).join(random.pick(['', ' ']))
  if (choice < 3)
    return Array.from({ length: random.below(60) }, () =>
      String.fromCharCode(random.below(random.chance(0.5) ? 128 : 65536)),
    ).join('')
  if (choice < 4) return `{{ ${Array.from({ length: random.below(20) }, () => random.pick(pieces)).join(' ')} }}`
  return mutate(random, choice < 8 ? random.pick(corpus) : generator.template())
}

function mutate(random: Random, source: string): string {
  let text = source
  for (let count = random.below(4); count > 0; count--) {
    const at = random.below(text.length + 1)
    const length = random.below(6)
    switch (random.below(5)) {
      case 0:
        text = text.slice(0, at) + text.slice(at + length)
        break
      case 1:
        text = text.slice(0, at) + random.pick(pieces) + text.slice(at)
        break
      case 2:
        text = text.slice(0, at) + text.slice(at, at + length).repeat(1 + random.below(50)) + text.slice(at)
        break
      case 3:
        text = text.slice(0, at)
        break
      default:
        text = text.slice(0, at) + random.pick(pieces) + text.slice(at + 1)
    }
  }
  return text
}

if (import.meta.main) {
  const { values } = parseArgs({
    options: {
      count: { type: 'string', default: '100000' },
      seed: { type: 'string', default: '1' },
      seconds: { type: 'string', default: '0' },
    },
  })
  const { inputs, rendered, faults, slowest } = fuzz({
    count: Number(values.count),
    seed: Number(values.seed),
    milliseconds: Number(values.seconds) * 1000,
  })
  for (const fault of faults.slice(0, 20)) console.log(fault)
  console.log(
    `${inputs} inputs, ${rendered} of them rendered, ${faults.length} crashes or hangs, the slowest ${slowest.toFixed(0)} ms`,
  )
  process.exitCode = faults.length === 0 ? 0 : 1
}
