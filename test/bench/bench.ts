import { parseArgs } from 'node:util'
import { startServer } from '../rig/server-process.ts'
import { measureEcho, measureHttpInsert, measureHttpRecord, measureInsert } from './ceilings.ts'
import { bodyOf, headingOf, line, type Measured, makeFlow, measureFlow, measureLoad } from './measure.ts'

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

const server = await startServer()
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
} finally {
  await server.stop()
}
