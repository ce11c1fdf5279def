import { startEmbeddedPostgres } from '../../src/storage/embedded-postgres.ts'

/**
 * A process that uses the embedded server of the data directory in its first argument, to be killed by tests. Prints
 * how it got the server once it is ready, and leaves when its standard input ends.
 */
const [dataDir = '', postgresBin] = process.argv.slice(2)
const log = { info: () => undefined, warn: (message: string) => console.error(message) }
const server = await startEmbeddedPostgres({ dataDir, postgresBin, log })
console.log(server.started)
process.stdin.resume().once('end', () => server.stop())
