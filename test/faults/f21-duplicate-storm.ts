import { randomUUID } from 'node:crypto'
import type { ServerProcess } from '../rig/server-process.ts'
import { atLeast, atMost, faultTest } from './fault-test.ts'
import { sendOne, type Target } from './load.ts'
import { withRig } from './rig.ts'

/** Ids whose copies are under way at the same time. */
const idsAtOnce = 5

export const duplicateStorm = faultTest({
  id: 'F21',
  title: 'Many copies of each request, all at once, on two processes',
  passes: 'exactly one run for each id; every copy gets the answer of that run',
  short: { ids: 40, copies: 20 },
  full: { ids: 1_000, copies: 100 },
  run: ({ ids, copies }, say) =>
    withRig({ flows: [] }, async (rig) => {
      const servers = [await rig.addServer(), await rig.addServer()]
      const target = await deduplicatingFlow(servers[0]!)
      const names = Array.from({ length: ids }, () => randomUUID())
      const runIds = new Map<string, Set<string | undefined>>()
      let refused = 0
      for (let from = 0; from < ids; from += idsAtOnce) {
        const some = names.slice(from, from + idsAtOnce)
        await Promise.all(
          some.flatMap((name) =>
            Array.from({ length: copies }, async (_, copy) => {
              const ledger = { ...rig.ledger, accepted: new Map<string, string>() }
              if ((await sendOne(servers[copy % 2]!.url, target, ledger, name)) !== 200) refused += 1
              else runIds.set(name, (runIds.get(name) ?? new Set()).add(ledger.accepted.get(name)))
            }),
          ),
        )
        if (from % 100 === 0) say(`${from + some.length} of ${ids} ids`)
      }
      rig.targets.push(target)
      const { unfinished, repeated, phantoms } = await rig.judge()
      const rows = await rig.postgres.query<{ count: number }>({ text: 'select count(*) from run' })
      const several = [...runIds.values()].filter((each) => each.size !== 1 || each.has(undefined)).length
      return { ids, copies, runs: Number(rows[0]?.count), refused, several, unfinished, repeated, phantoms }
    }),
  faults: (report, { ids }) => [
    ...atMost(report, 'runs', ids),
    ...atLeast(report, 'runs', ids),
    ...['refused', 'several', 'unfinished', 'repeated', 'phantoms'].flatMap((name) => atMost(report, name, 0)),
  ],
})

async function deduplicatingFlow(server: ServerProcess): Promise<Target> {
  const input = {
    async: true,
    deduplication: { key: '{{ web1.id }}' },
    response: { status_code: '200', body: '{{ web1.id }}', headers: {} },
  }
  const { body } = await server.api('POST', '/v1/flows', {
    name: 'deduplicating',
    status: 'live',
    steps: [
      { ref: 'web1', connector: 'webhook', action: 'webhook', input },
      { ref: 'res1', connector: 'dict', action: 'set', input: { value: '{{ web1.id }}' } },
    ],
    arrows: [{ from: 'web1', to: 'res1' }],
  })
  const { id: flowId } = body as { id: string }
  const { token } = (await server.api('GET', `/v1/flows/${flowId}/webhook`)).body as { token: string }
  return { flowId, token }
}
