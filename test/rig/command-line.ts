import { spawn } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { after } from 'node:test'
import { testDatabase } from './test-database.ts'

interface AnswerOptions {
  /** Settings besides, or in the place of, those of the test file. */
  env?: Record<string, string>
  /** What is typed. */
  input?: string
}

/** The command line in processes of its own, on a database and a data directory of the test file's own. */
export async function commandLine() {
  const { url } = await testDatabase()
  const dataDir = mkdtempSync(join(tmpdir(), 'hookline-cli-'))
  after(() => rmSync(dataDir, { recursive: true, force: true }))
  const settings = {
    HOOKLINE_DATABASE_URL: url,
    HOOKLINE_DATA_DIR: dataDir,
    HOOKLINE_SECRET_KEY: 'a secret key that only tests know',
    HOOKLINE_PORT: '0',
  }

  function run(args: readonly string[], env: Record<string, string> = {}) {
    const main = join(import.meta.dirname, '../../src/main.ts')
    // Nothing of the environment the tests run in: no settings, no options for Node.
    const child = spawn(process.execPath, [main, ...args], { env: { PATH: process.env.PATH, ...settings, ...env } })
    const exited = new Promise<number | null>((resolve) => child.once('exit', resolve))
    return { child, exited, out: text(child.stdout), err: text(child.stderr) }
  }

  /** A command, to its end. */
  async function answerOf(args: readonly string[], { env, input = '' }: AnswerOptions = {}) {
    const { child, exited, out, err } = run(args, env)
    child.stdin.end(input)
    return { code: await exited, out: await out, err: await err }
  }

  return { url, dataDir, settings, run, answerOf }
}
