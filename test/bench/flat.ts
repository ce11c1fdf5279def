import { parseArgs } from 'node:util'
import { type ServerProcess, startServer } from '../rig/server-process.ts'
import { benchFlow, bodyOf, connectTo, headingOf, line, makeFlow, measureFlow, measureLoad } from './measure.ts'

/**
 * `npm run bench:flat`: what does not get slower as an installation grows. One flow against many, no runs kept against
 * millions, small payloads against large ones (there the bytes a second count, not the requests).
 */
const { values } = parseArgs({
  options: {
    seconds: { type: 'string', default: '6' },
    flows: { type: 'string', default: '10000' },
    runs: { type: 'string', default: '5000000' },
    help: { type: 'boolean', short: 'h' },
  },
})
if (values.help) {
  console.log('npm run bench:flat -- [--seconds 6] [--flows 10000] [--runs 5000000]')
  process.exit(0)
}
const load = { seconds: Number(values.seconds), connections: 64, body: bodyOf(1_000) }

const server = await startServer()
try {
  console.log(headingOf('of base'))
  await measureFlow(server, false, load)
  await overPayloads()
  await overFlows(Number(values.flows))
  await overRuns(Number(values.runs))
} finally {
  await server.stop()
}

async function overPayloads(): Promise<void> {
  for (const kilobytes of [1, 10, 100]) {
    const measured = await measureFlow(server, true, { ...load, body: bodyOf(kilobytes * 1000) })
    console.log(
      line(`async, ${kilobytes} kB`, measured),
      `${((measured.perSecond * kilobytes) / 1000).toFixed(1)} MB/s`,
    )
  }
}

/** All flows are called in turn, with a personal access token that fits them all. */
async function overFlows(count: number): Promise<void> {
  console.log(line('sync, 1 flow', await measureFlow(server, false, load)))
  const ids: string[] = []
  const make = async () => {
    while (ids.length < count) {
      const place = ids.push('') - 1
      ids[place] = ((await server.api('POST', '/v1/flows', benchFlow(false))).body as { id: string }).id
    }
  }
  await Promise.all(Array.from({ length: 16 }, make))
  const paths = ids.map((id) => `/v1/flow-webhook/${id}`)
  const whole = { ...load, url: server.url, token: server.token, paths }
  console.log(line(`sync, ${count} flows, first seen`, await measureLoad(server, whole)))
  console.log(line(`sync, ${count} flows`, await measureLoad(server, whole)))
}

async function overRuns(count: number): Promise<void> {
  const { id, url, token } = await makeFlow(server, true)
  const few = await measureLoad(server, { ...load, url, token })
  console.log(line('async, few runs kept', few))
  await fill(server, id, count)
  console.log(line(`async, ${count} runs kept`, await measureLoad(server, { ...load, url, token }), few.perSecond))
  const start = performance.now()
  await server.api('GET', `/v1/flow-runs?flow_id=${id}&limit=50`)
  console.log(`first page of the flow's runs: ${(performance.now() - start).toFixed(1)} ms`)
}

/** Writes ended runs of two steps each, as the product would have, spread over the last weeks. */
async function fill({ dataDir }: ServerProcess, flowId: string, count: number): Promise<void> {
  const client = await connectTo({ dataDir })
  const perRound = 250_000
  for (let from = 0; from < count; from += perRound) {
    const rows = Math.min(perRound, count - from)
    await client.query(
      `with made as (
         insert into run (id, account_id, flow_id, version, status, trigger, live, depth, created_at, finished_at)
         select uuidv7(interval '-1 second' * ($2::float8 - g) / 2), f.account_id, f.id, 1, r.status, r.trigger, true, 0,
           now() - interval '1 second' * ($2::float8 - g) / 2, now() - interval '1 second' * ($2::float8 - g) / 2
         from generate_series($3::int, $3::int + $4::int - 1) g, flow f,
           lateral (select status, trigger from run where flow_id = f.id limit 1) r
         where f.id = $1 returning id, created_at
       )
       insert into step (run_id, seq, ref, path, attempt, status, started_at, ended_at, input, output_is_input)
       select id, seq, case seq when 0 then 'web1' else 'res1' end, '', 1, s.status, created_at, created_at,
         '{"answer": "myResult", "filler": "0123456789012345678901234567890123456789"}', true
       from made, generate_series(0, 1) seq, lateral (select status from step where seq = 1 limit 1) s`,
      [flowId, count, from, rows],
    )
  }
  await client.query('vacuum analyze run')
  await client.query('vacuum analyze step')
  await client.end()
}
