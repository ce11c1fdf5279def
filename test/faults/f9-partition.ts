import { execFileSync } from 'node:child_process'
import { setTimeout as pause } from 'node:timers/promises'
import { atLeast, atMost, faultTest } from './fault-test.ts'
import { callsBroken, invariantsBroken, judgeCalls } from './judge.ts'
import { acceptedMore, makeTarget } from './load.ts'
import { withRig } from './rig.ts'
import { answerOk, startSink } from './sink.ts'

/** A worker lives in a network of its own, with one cable to the database and one to the vendor. */
const space = `hookline-f9-${process.pid}`
const cables = {
  database: { outside: `hf9a${process.pid}`, inside: 'database', host: '10.213.9.1', guest: '10.213.9.2' },
  vendor: { outside: `hf9b${process.pid}`, inside: 'vendor', host: '10.213.10.1', guest: '10.213.10.2' },
}

/** Any that nothing else listens on. */
const databasePort = 54_329

/** How long the vendor takes: so that steps are under way when the cable is cut. */
const vendorMs = 2_000

export const partition = faultTest({
  id: 'F9',
  title: 'A worker is cut off from the database while its steps are under way, until others have taken over',
  passes: 'it can not commit any more: no step has two results, no finished one is run again, nothing is lost',
  needs: ['linux', 'root', 'netns'],
  short: { rounds: 1, cutMs: 20_000, rate: 15 },
  full: { rounds: 100, cutMs: 25_000, rate: 30 },
  async run({ rounds, cutMs, rate }, say) {
    plug()
    const sink = await startSink(cables.vendor.host)
    const tcp = { host: cables.database.host, port: databasePort, trusted: '10.213.9.0/24' }
    const env = { HOOKLINE_OUTBOUND_ALLOW: '127.0.0.0/8,10.213.0.0/16' }
    try {
      return await withRig({ flows: [], env, postgres: { tcp } }, async (rig) => {
        const server = await rig.addServer('api')
        rig.targets.push(await makeTarget(server, { async: true, sinkUrl: sink.url }))
        await rig.addWorker()
        await rig.addWorker({}, { through: ['ip', 'netns', 'exec', space] })
        let underWay = 0
        sink.answer = (call, response) => {
          underWay += 1
          setTimeout(() => {
            underWay -= 1
            answerOk(call, response)
          }, vendorMs)
        }
        const load = rig.load(rate)
        let mostInFlight = 0
        for (let round = 1; round <= rounds; round++) {
          await acceptedMore(rig.ledger, 4 * rate)
          mostInFlight += underWay
          inSpace('link', 'set', cables.database.inside, 'down')
          await pause(cutMs)
          mostInFlight += underWay
          inSpace('link', 'set', cables.database.inside, 'up')
          say(`round ${round} of ${rounds}, ${rig.ledger.accepted.size} accepted`)
        }
        await load.stop()
        const findings = await rig.judge(180_000)
        const [double] = await rig.postgres.query<{ count: number }>({
          text: `select count(*) from (select from step where status = 0 and seq > 0 group by run_id, ref, path having count(*) > 1) twice`,
        })
        return {
          rounds,
          mostInFlight,
          doubleCommits: Number(double?.count),
          ...findings,
          ...judgeCalls(sink.calls, rig.ledger),
        }
      })
    } finally {
      await sink.close()
      unplug()
    }
  },
  faults: (report, { rounds }) => [
    ...invariantsBroken(report),
    ...callsBroken(report, Number(report.mostInFlight)),
    ...atMost(report, 'doubleCommits', 0),
    // Otherwise the cable was not cut, or nobody worked at its other end.
    ...atLeast(report, 'inFlightStepsRepeated', rounds),
  ],
})

function plug(): void {
  ip('netns', 'add', space)
  for (const { outside, inside, host, guest } of Object.values(cables)) {
    ip('link', 'add', outside, 'type', 'veth', 'peer', 'name', inside, 'netns', space)
    ip('addr', 'add', `${host}/24`, 'dev', outside)
    ip('link', 'set', outside, 'up')
    inSpace('addr', 'add', `${guest}/24`, 'dev', inside)
    inSpace('link', 'set', inside, 'up')
  }
  inSpace('link', 'set', 'lo', 'up')
}

/** The cables go with the space at whose end they are. */
function unplug(): void {
  ip('netns', 'del', space)
}

function ip(...args: string[]): void {
  execFileSync('ip', args)
}

function inSpace(...args: string[]): void {
  ip('-n', space, ...args)
}
