import { parseArgs } from 'node:util'
import { startServer } from '../rig/server-process.ts'
import { bodyOf, makeFlow, sendLoad } from './measure.ts'

/**
 * `npm run bench:soak`: whether memory grows under a steady load. Half of the requests wait for their answer. The slope is
 * a straight line through the samples after the warm-up.
 */
const { values } = parseArgs({
  options: {
    minutes: { type: 'string', default: '10' },
    rate: { type: 'string', default: '1000' },
    help: { type: 'boolean', short: 'h' },
  },
})
if (values.help) {
  console.log('npm run bench:soak -- [--minutes 10] [--rate 1000]')
  process.exit(0)
}
const seconds = Number(values.minutes) * 60
const rate = Number(values.rate) / 2

const server = await startServer()
try {
  const flows = [await makeFlow(server, true), await makeFlow(server, false)]
  const loads = flows.map(({ url, token }) =>
    sendLoad({ url, token, seconds, rate, connections: 16, body: bodyOf(1_000) }),
  )
  const samples: { minute: number; mb: number }[] = []
  const start = performance.now()
  const sampling = setInterval(async () => {
    samples.push({ minute: (performance.now() - start) / 60_000, mb: await server.memoryMb() })
    const { minute, mb } = samples.at(-1)!
    console.error(`${minute.toFixed(1)} min  ${mb} MB`)
  }, 15_000)
  const results = await Promise.all(loads)
  clearInterval(sampling)
  const warm = samples.filter(({ minute }) => minute > seconds / 60 / 5)
  const failed = results.reduce((sum, { non2xx, errors, timeouts }) => sum + non2xx + errors + timeouts, 0)
  const sent = results.reduce((sum, { ok }) => sum + ok, 0)
  console.log(
    `${sent} answered, ${failed} failed; ${Math.max(...warm.map(({ mb }) => mb))} MB at most, ${slope(warm).toFixed(2)} MB a minute`,
  )
} finally {
  await server.stop()
}

/** Least squares. */
function slope(samples: readonly { minute: number; mb: number }[]): number {
  const mean = (of: (sample: { minute: number; mb: number }) => number) =>
    samples.reduce((sum, sample) => sum + of(sample), 0) / samples.length
  const minutes = mean(({ minute }) => minute)
  const mbs = mean(({ mb }) => mb)
  const shared = samples.reduce((sum, { minute, mb }) => sum + (minute - minutes) * (mb - mbs), 0)
  return shared / samples.reduce((sum, { minute }) => sum + (minute - minutes) ** 2, 0)
}
