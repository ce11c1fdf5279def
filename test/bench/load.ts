import { text } from 'node:stream/consumers'
import autocannon from 'autocannon'

/** Generates load in a process of its own, so that measuring does not hold it up: options as JSON in, result as JSON out. */
const options = JSON.parse(await text(process.stdin)) as autocannon.Options
const { requests, latency, errors, timeouts, non2xx, duration, ...rest } = await autocannon(options)
console.log(JSON.stringify({ requests, latency, errors, timeouts, non2xx, duration, ok: rest['2xx'] }))
