import { setTimeout as pause } from 'node:timers/promises'
import { openDatabase } from '../../src/storage/database.ts'
import { atLeast, atMost, faultTest } from './fault-test.ts'
import { judgeCalls } from './judge.ts'
import { sendOne } from './load.ts'
import { type FaultRig, withRig } from './rig.ts'
import { answerOk, type SinkCall } from './sink.ts'

/** A moment in the life of a step that calls a vendor. */
interface Moment {
  name: string
  /** Whether the run is a worker's, or that of the process that took the request. */
  async: boolean
  /** Brings the run to that moment, kills whoever runs it, and lets the world go on. Nothing in the product helps. */
  killThen(rig: FaultRig, kill: () => Promise<void>): Promise<void>
  /** Whether the vendor is called a second time: not when the step had finished. */
  isRepeated: boolean
}

const moments: readonly Moment[] = [
  { name: 'beforeAnswer', async: true, killThen: killBeforeAnswer, isRepeated: true },
  { name: 'beforeAnswerSync', async: false, killThen: killBeforeAnswer, isRepeated: true },
  { name: 'beforeCommit', async: true, killThen: killBeforeCommit, isRepeated: true },
  { name: 'duringCommit', async: true, killThen: killDuringCommit, isRepeated: false },
]

export const killMidStep = faultTest({
  id: 'F2',
  title: 'kill -9 in the middle of a step: before its answer, before its commit, during its commit',
  passes: 'taken over within 30 s, with the same Idempotency-Key; a step whose commit was under way is not repeated',
  short: { rounds: 1, moments: moments.slice(2) },
  full: { rounds: 5, moments },
  everyTestRun: true,
  async run({ rounds, moments }, say) {
    const report: Record<string, number> = { ...none, slowestTakeoverMs: 0 }
    for (let round = 1; round <= rounds; round++) {
      // Each waits for a lease to end, which takes much longer than everything else.
      const found = await Promise.all(moments.map((moment) => atMoment(moment)))
      for (const { takeoverMs, ...counts } of found) {
        for (const [name, count] of Object.entries(counts)) report[name]! += count
        report.slowestTakeoverMs = Math.max(report.slowestTakeoverMs!, takeoverMs)
      }
      const told = found.map(({ takeoverMs }, at) => `${moments[at]?.name} ${takeoverMs} ms`)
      say(`round ${round} of ${rounds}, taken over after: ${told.join(', ')}`)
    }
    return { rounds, moments: moments.length, ...report }
  },
  faults: (report, { rounds, moments }) => [
    ...['lost', 'wrongKeys', 'finishedStepsRepeated'].flatMap((name) => atMost(report, name, 0)),
    ...atLeast(report, 'inFlightStepsRepeated', rounds * moments.filter(({ isRepeated }) => isRepeated).length),
    // On a machine that is so busy that the database does not answer in time, the second attempt may fail as well.
    ...atMost(report, 'inFlightStepsRepeated', rounds * moments.length * 3),
    ...atMost(report, 'slowestTakeoverMs', 30_000),
  ],
})

/** One run, one kill: how long it took until another process went on, and what the vendor saw. */
function atMoment({ async, killThen, isRepeated }: Moment) {
  return withRig({ flows: [{ async, calls: true }] }, async (rig) => {
    const server = await rig.addServer('api')
    if (!async) await rig.addServer('api')
    const victim = async ? await rig.addWorker() : server
    const heir = await rig.addWorker()
    // Held back, so that it is known who has the run.
    if (async) heir.process.kill('SIGSTOP')
    const goneOn = Promise.withResolvers<number>()
    const kill = async () => {
      await victim.end('SIGKILL')
      rig.servers.splice(0, async ? 0 : 1)
      const killedAt = performance.now()
      rig.sink
        .next(({ step }) => step === (isRepeated ? 'first' : 'second'))
        .then(() => goneOn.resolve(performance.now() - killedAt))
      heir.process.kill('SIGCONT')
    }
    await Promise.all([killThen(rig, kill), sendOne(server.url, rig.targets[0]!, rig.ledger)])
    const takeoverMs = await Promise.race([goneOn.promise, pause(60_000, Number.POSITIVE_INFINITY, { ref: false })])
    return { ...(await counted(rig, isRepeated)), takeoverMs: Math.round(takeoverMs) }
  })
}

const none = { lost: 0, wrongKeys: 0, finishedStepsRepeated: 0, inFlightStepsRepeated: 0 }

/** What came of it once the run has ended. A sender whose connection broke off has a run all the same. */
async function counted({ judge, ledger, sink }: FaultRig, isRepeated: boolean): Promise<typeof none> {
  const { lost, phantoms, unfinished, repeated } = await judge()
  const [id = ''] = ledger.sent
  const calls = judgeCalls(sink.calls, { accepted: new Map([[id, '']]) })
  const firsts = sink.calls.filter(({ step }) => step === 'first').length
  return {
    lost: lost + phantoms + unfinished + repeated + calls.notCalled,
    wrongKeys: calls.wrongKeys,
    finishedStepsRepeated: calls.finishedStepsRepeated + (isRepeated ? 0 : firsts - 1),
    inFlightStepsRepeated: calls.inFlightStepsRepeated,
  }
}

/** The vendor holds the call; it never answers the process that dies. */
async function killBeforeAnswer({ sink }: FaultRig, kill: () => Promise<void>): Promise<void> {
  const held: SinkCall[] = []
  sink.answer = (call) => held.push(call)
  await sink.next(({ step }) => step === 'first')
  await kill()
  sink.answer = answerOk
}

/** The vendor has answered, and the commit of that answer waits for a lock which the test holds. */
async function killBeforeCommit({ sink, postgres }: FaultRig, kill: () => Promise<void>): Promise<void> {
  const database = openDatabase(postgres.url, { poolSize: 1, applicationName: 'fault test' })
  const locked = Promise.withResolvers<void>()
  const release = Promise.withResolvers<void>()
  sink.answer = (call, response) => {
    sink.answer = answerOk
    locked.promise.then(() => answerOk(call, response))
  }
  await sink.next(({ step }) => step === 'first')
  const holding = database.transaction(async (tx) => {
    await tx.query({ text: 'select id from run for update' })
    locked.resolve()
    await release.promise
  })
  await untilWaiting(postgres, 'Lock')
  await kill()
  release.resolve()
  await holding
  await database.close()
}

/** The commit is on disk, and its answer waits for a standby that does not exist. */
async function killDuringCommit({ sink, postgres }: FaultRig, kill: () => Promise<void>): Promise<void> {
  sink.answer = (call, response) => {
    sink.answer = answerOk
    waitForStandby(postgres, 'nobody').then(() => answerOk(call, response))
  }
  await untilWaiting(postgres, 'IPC')
  await kill()
  await waitForStandby(postgres, '')
}

async function waitForStandby(postgres: FaultRig['postgres'], name: string): Promise<void> {
  await postgres.query({ text: `alter system set synchronous_standby_names = '${name}'` })
  await postgres.query({ text: 'select pg_reload_conf()' })
}

/** Until a session of the product waits for that: a lock, or a standby (`IPC`). */
async function untilWaiting(postgres: FaultRig['postgres'], type: 'Lock' | 'IPC'): Promise<void> {
  const text = `select pid from pg_stat_activity where wait_event_type = $1 and application_name = 'hookline'
                and (wait_event_type = 'Lock' or (wait_event = 'SyncRep' and query = 'commit'))`
  for (;;) {
    if ((await postgres.query({ text, values: [type] })).length > 0) return
    await pause(10)
  }
}
