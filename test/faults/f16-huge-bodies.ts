import { connect } from 'node:net'
import { setTimeout as pause } from 'node:timers/promises'
import { atMost, faultTest } from './fault-test.ts'
import { invariantsBroken } from './judge.ts'
import { acceptedMore, answerFigures, percentile, type Target } from './load.ts'
import { forgetPeak, peakMb } from './memory.ts'
import { withRig } from './rig.ts'

/** What each sender means to send; the limit is 10 MiB. */
const hugeBytes = 100_000_000
const senders = 50
const mostGrowthMb = 100
/** Of a body whose length was said, which need not be looked at. */
const atOnceMs = 1_000
/** Of one whose length is found out by reading the allowed part of it, in turn with the others. */
const inTurnMs = 10_000
/** For those who go on sending after their answer. */
const closedWithinMs = 3_000

interface Options {
  rounds: number
}

export const hugeBodies = faultTest({
  id: 'F16',
  title: `${senders} bodies of 100 MB at a time, of said and of unsaid length, from senders who do not stop when they are told to`,
  passes: `413, at once where the length is said, or 503 where it is not; memory grows by ${mostGrowthMb} MB at most; the connection is closed, and others are taken meanwhile`,
  short: { rounds: 1 },
  full: { rounds: 20 },
  run: ({ rounds }: Options, say) =>
    withRig({ flows: [{ async: true, calls: false }] }, async (rig) => {
      const { process: product, url, memoryMb } = await rig.addServer()
      const pid = product.pid!
      let deaths = 0
      product.once('exit', () => {
        deaths += 1
      })
      const load = rig.load(50)
      // Whatever grows the first time has grown by now.
      await acceptedMore(rig.ledger, 250)
      forgetPeak(pid)
      const before = await memoryMb()
      const outcomes: Outcome[] = []
      for (let round = 1; round <= rounds; round++) {
        const kinds = Array.from({ length: senders }, (_, sender) => sender % 2 === 0)
        outcomes.push(...(await Promise.all(kinds.map((isSaid) => sendHuge(url, rig.targets[0]!, isSaid)))))
        say(`round ${round} of ${rounds}: ${peakMb(pid) - before} MB more than before`)
      }
      const growthMb = peakMb(pid) - before
      await load.stop()
      const waits = rig.ledger.answers.flatMap(({ status, ms }) => (status === 200 ? [ms] : []))
      // There is room for a few at a time whose length is not said; those beyond may be asked to come back.
      const isRefusal = ({ isSaid, status }: Outcome) => status === 413 || (!isSaid && status === 503)
      const of = (wanted: boolean) => outcomes.filter(({ isSaid }) => isSaid === wanted)
      const most = (numbers: number[]) => Math.round(Math.max(...numbers))
      return {
        ...(await rig.judge()),
        ...answerFigures(rig.ledger),
        othersP99Ms: percentile(waits, 0.99),
        deaths,
        beforeMb: before,
        growthMb,
        tooLarge413: outcomes.filter(({ status }) => status === 413).length,
        otherwiseAnswered: outcomes.filter((outcome) => !isRefusal(outcome)).length,
        saidSlowestMs: most(of(true).map(({ ms }) => ms)),
        saidMostSentMb: most(of(true).map(({ sent }) => sent / 1e6)),
        unsaidSlowestMs: most(of(false).map(({ ms }) => ms)),
        unsaidMostSentMb: most(of(false).map(({ sent }) => sent / 1e6)),
        slowestCloseMs: most(outcomes.map(({ openMs }) => openMs)),
      }
    }),
  faults: (report) => [
    ...invariantsBroken(report),
    ...['deaths', 'otherwiseAnswered', 'otherErrors', 'refused503'].flatMap((name) => atMost(report, name, 0)),
    ...atMost(report, 'growthMb', mostGrowthMb),
    ...atMost(report, 'saidSlowestMs', atOnceMs),
    ...atMost(report, 'unsaidSlowestMs', inTurnMs),
    ...atMost(report, 'slowestCloseMs', closedWithinMs),
  ],
})

interface Outcome {
  isSaid: boolean
  /** 0 where there was no answer. */
  status: number
  /** From the first byte to the answer. */
  ms: number
  /** From the answer to the end of the connection. */
  openMs: number
  /** Bytes of the body that were handed to the system by the time of the answer. */
  sent: number
}

const chunk = Buffer.alloc(64 * 1024, 'x')
/** The same with its length before it, as `Transfer-Encoding: chunked` has it. */
const framedChunk = Buffer.concat([Buffer.from('10000\r\n'), chunk, Buffer.from('\r\n')])

/** Sends until the whole body is out or the connection is closed, whatever the answer is. */
async function sendHuge(url: string, { flowId, token }: Target, isSaid: boolean): Promise<Outcome> {
  const { hostname, port } = new URL(url)
  const socket = connect(Number(port), hostname)
  const start = performance.now()
  const outcome = { isSaid, status: 0, ms: Number.POSITIVE_INFINITY, openMs: 0, sent: 0 }
  let sent = 0
  socket.once('data', (answer) => {
    outcome.status = Number(/^HTTP\/1\.1 (\d{3}) /.exec(answer.toString('latin1'))?.[1] ?? 0)
    outcome.ms = performance.now() - start
    outcome.sent = sent
  })
  // A reset is one way to be told to stop.
  socket.on('error', () => undefined)
  const closed = new Promise<void>((resolve) => socket.once('close', () => resolve()))
  const length = isSaid ? `content-length: ${hugeBytes}` : 'transfer-encoding: chunked'
  socket.write(
    `POST /v1/flow-webhook/${flowId} HTTP/1.1\r\nhost: ${hostname}\r\nauthorization: Bearer ${token}\r\ncontent-type: application/json\r\n${length}\r\n\r\n`,
  )
  while (sent < hugeBytes - chunk.length && !socket.destroyed) {
    sent += chunk.length
    if (!socket.write(isSaid ? chunk : framedChunk)) {
      await Promise.race([new Promise((resolve) => socket.once('drain', resolve)), closed])
    }
  }
  // What is missing of the body never comes.
  await Promise.race([closed, pause(30_000, undefined, { ref: false })])
  outcome.openMs = performance.now() - start - outcome.ms
  socket.destroy()
  return outcome
}
