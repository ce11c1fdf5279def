import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { parseArgs } from 'node:util'
import { type ServerProcess, startServer } from '../rig/server-process.ts'
import { measureEcho, measureHttpInsert, measureHttpRecord, measureInsert } from './ceilings.ts'
import {
  benchFlow,
  bodyOf,
  headingOf,
  line,
  type Measured,
  makeFlow,
  measureFlow,
  measureLoad,
  saveFlow,
} from './measure.ts'

/**
 * `npm run bench`: how many webhooks a second are accepted, run and recorded, beside what the same machine does in the
 * same minute with nothing but HTTP, with nothing but a durable insert, with both, and with all rows of a run in place of the
 * one. Compare the ratios: the absolute numbers are the machine's.
 */
const { values } = parseArgs({
  options: {
    seconds: { type: 'string', default: '8', short: 's' },
    connections: { type: 'string', default: '64', short: 'c' },
    rounds: { type: 'string', default: '2', short: 'r' },
    'flows-only': { type: 'boolean', default: false },
    help: { type: 'boolean', short: 'h' },
  },
})
if (values.help) {
  console.log('npm run bench -- [--seconds 8] [--connections 64] [--rounds 2] [--flows-only]')
  process.exit(0)
}
const load = { seconds: Number(values.seconds), connections: Number(values.connections), body: bodyOf(1_000) }

/** The system that flows call; it answers at once. */
const other = createServer((_request, response) => response.end('{}'))
await new Promise<void>((resolve) => other.listen(0, '127.0.0.1', resolve))
const otherUrl = `http://127.0.0.1:${(other.address() as AddressInfo).port}/`

const server = await startServer({ HOOKLINE_OUTBOUND_ALLOW: '127.0.0.0/8' })
let bases: number[] = []
const report = (name: string, measured: Measured) => console.log(line(name, measured, ...bases))
console.log(
  `${load.seconds} s each, ${load.connections} connections, ${load.body.length} bytes; insert, record: bare HTTP with that\n`,
)
console.log(headingOf('of insert', 'of record'))
try {
  await measureFlow(server, false, load)
  const warm = await makeFlow(server, true)
  await measureLoad(server, { ...load, ...warm })
  for (let round = 0; round < Number(values.rounds); round++) {
    if (!values['flows-only']) {
      const insert = await measureHttpInsert(server, load)
      const record = await measureHttpRecord(server, warm.id, load)
      bases = [insert.perSecond, record.perSecond]
      report('bare Fastify echo', await measureEcho(load))
      report('bare group-committed insert', await measureInsert(server, load))
      report('bare HTTP and insert of the body', insert)
      report('bare HTTP and record of the run', record)
    }
    report('async: accepted, 3 steps run, recorded', await measureFlow(server, true, load))
    report('sync: 2 steps run, recorded, answered', await measureFlow(server, false, load))
  }
  // Last, since it leaves the database more to tidy up.
  report('async: with a call to another system', await measureLoad(server, { ...load, ...(await makeCaller(server)) }))
} finally {
  await server.stop()
  other.close()
}

/** A flow like that of the others, which calls another system in place of its branch: it is written before the call and after it. */
function makeCaller(server: ServerProcess) {
  const flow = benchFlow(true)
  const steps = flow.steps.filter(({ ref }) => ref !== 'if1')
  const call = {
    ref: 'con1',
    connector: 'http',
    action: 'request',
    input: { method: 'POST', url: otherUrl, body: '{{ res1.value }}' },
  }
  const arrows = [...flow.arrows.filter(({ to }) => to !== 'if1'), { from: 'res1', to: 'con1' }]
  return saveFlow(server, { ...flow, name: 'calling', steps: [...steps, call], arrows })
}
