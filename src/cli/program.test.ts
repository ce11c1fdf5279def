import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { commandLine } from '../../test/rig/command-line.ts'
import { startMailServer } from '../../test/rig/mail-server.ts'
import type { WaitingErrorMails } from '../storage/error-mails.ts'
import type { ServerFacts } from '../storage/server-facts.ts'
import { emailFindings, serverFindings } from './doctor.ts'

const { url, dataDir, settings, run, answerOf } = await commandLine()

test('start prints the address, serves a token that is made beside it, and stops on signals with 0', async () => {
  const { child, exited, out, err } = run(['start'])
  let said = ''
  const ready = new Promise<void>((resolve) => {
    child.stdout.on('data', (chunk) => {
      said += chunk
      if (said.includes('first admin')) resolve()
    })
  })
  await Promise.race([ready, exited])
  const address = /^Hookline is ready at (http:\/\/127\.0\.0\.1:\d+)$/m.exec(said)?.[1]
  assert.ok(address, `${said}${await Promise.race([err, ''])}`)
  assert.match(said, new RegExp(`^Make the first admin: ${address}/setup#token=[\\w-]{43}$`, 'm'))

  const made = await answerOf(['token', 'create', '--scope', 'automation', '--note', 'ci'])
  assert.equal(made.code, 0, made.err)
  assert.match(made.out, /^ey[\w.-]{50,}\n$/)
  const flows = await fetch(`${address}/v1/flows`, { headers: { authorization: `Bearer ${made.out.trim()}` } })
  assert.equal(flows.status, 200)

  const saved = await fetch(`${address}/v1/flows`, {
    method: 'POST',
    headers: { authorization: `Bearer ${made.out.trim()}`, 'content-type': 'application/json' },
    body: JSON.stringify({
      name: 'Sealed',
      status: 'draft',
      steps: [{ ref: 'web1', connector: 'webhook', action: 'webhook' }],
    }),
  })
  assert.equal(saved.status, 201, await saved.text())
  const wrongKey = { HOOKLINE_SECRET_KEY: 'another one than that of the database' }
  const examined = await answerOf(['doctor'], { env: wrongKey })
  assert.equal(examined.code, 1)
  assert.match(
    examined.out,
    /^fail {2}the secret key is not that of the database\n {6}0 connector auths, 1 webhook tokens/m,
  )
  const changed = { ...wrongKey, HOOKLINE_SECRET_KEY_PREVIOUS: settings.HOOKLINE_SECRET_KEY }
  assert.doesNotMatch((await answerOf(['doctor'], { env: changed })).out, /not that of the database/)

  const second = await answerOf(['start'], { env: { HOOKLINE_PORT: new URL(address).port, ...wrongKey } })
  assert.match(second.err, /"level":50,.*sealed with another secret key: set HOOKLINE_SECRET_KEY/)
  assert.equal(second.code, 1)
  assert.match(second.err, /is in use by something else: set HOOKLINE_PORT/)

  // A terminal's signal arrives twice where npm passes it on, and the second one must not cut the end short.
  child.kill('SIGINT')
  child.kill('SIGTERM')
  assert.equal(await exited, 0)
  await assert.rejects(fetch(`${address}/healthz`))
  assert.ok(!(await out).includes('undefined'))
})

test('SIGTERM to npm start stops the server', async () => {
  const child = spawn('npm', ['start'], {
    cwd: join(import.meta.dirname, '../..'),
    env: { PATH: process.env.PATH, HOME: dataDir, ...settings },
    stdio: ['ignore', 'pipe', 'ignore'],
    // A group of its own, to be cleared away whole.
    detached: true,
  })
  const exited = new Promise<void>((resolve) => child.once('exit', () => resolve()))
  let said = ''
  const ready = new Promise<void>((resolve) => {
    child.stdout.on('data', (chunk) => {
      said += chunk
      if (said.includes('Hookline is ready')) resolve()
    })
  })
  try {
    await Promise.race([ready, exited])
    const address = /ready at (\S+)/.exec(said)?.[1]
    assert.ok(address, said)
    child.kill('SIGTERM')
    await exited
    await assert.rejects(fetch(`${address}/healthz`), 'the server goes on although npm has ended')
  } finally {
    try {
      process.kill(-child.pid!, 'SIGKILL')
    } catch {
      // Nothing of it is left, as it should be.
    }
  }
})

test('scopes add up, and one that is not known is refused with those that are', async () => {
  const made = await answerOf([
    'token',
    'create',
    '--scope',
    'automation:view',
    '--scope',
    'connectors',
    '--expires-days',
    '7',
  ])
  assert.equal(made.code, 0, made.err)
  const wrong = await answerOf(['token', 'create', '--scope', 'everything'])
  assert.equal(wrong.code, 1)
  assert.equal(wrong.out, '')
  assert.match(wrong.err, /automation\.webhook_run/)
  assert.equal((await answerOf(['token', 'create'])).code, 1)
})

test('admin create makes a user who can sign in; a weak password or a taken address is refused', async () => {
  const create = (email: string, input: string) =>
    answerOf(['admin', 'create', '--email', email, '--name', 'Ada', '--password-stdin'], { input })
  const made = await create('ada@hookline.test', 'four words that differ\n')
  assert.equal(made.code, 0, made.err)
  assert.match(made.out, /^[0-9a-f-]{36}\n$/)
  for (const refused of [
    await create('ada@hookline.test', 'four words that differ\n'),
    await create('bob@hookline.test', 'short\n'),
    await create('no address', 'four words that differ\n'),
  ]) {
    assert.equal(refused.code, 1)
    assert.equal(refused.out, '')
    assert.doesNotMatch(refused.err, / {4}at |constraint/)
  }
})

test('the doctor says what is wrong and what to do about it', async () => {
  const well = await answerOf(['doctor'])
  assert.match(well.out, /^ok {4}PostgreSQL \d+$/m)
  const unreachable = await answerOf(['doctor'], { env: { HOOKLINE_DATABASE_URL: 'postgres://127.0.0.1:1/x' } })
  assert.equal(unreachable.code, 1)
  assert.match(
    unreachable.out,
    /^fail {2}PostgreSQL at HOOKLINE_DATABASE_URL\n {6}.*not available: connect ECONNREFUSED.* See to HOOKLINE_DATABASE_URL/m,
  )
  const nameless = url.replace(/\/test_\w+/, '/no_such_database')
  const absent = await answerOf(['start'], { env: { HOOKLINE_DATABASE_URL: nameless } })
  assert.match(absent.err, /^the database refuses: database "no_such_database" does not exist. See to .*\n$/)
  const misspelt = await answerOf(['doctor'], { env: { HOOKLINE_PORT: 'eighty', HOOKLINE_PROT: '1' } })
  assert.equal(misspelt.code, 1)
  assert.match(misspelt.out, /HOOKLINE_PORT: "eighty" is not/)
})

test('what keeps it from starting is told with the setting to change, by start and doctor alike', async () => {
  const file = join(dataDir, 'a file')
  writeFileSync(file, '')
  const cases: [env: Record<string, string>, start: RegExp, doctor: RegExp][] = [
    [{ HOOKLINE_HOST: 'nowhere.invalid' }, /no address for nowhere\.invalid .*set HOOKLINE_HOST/, /set HOOKLINE_HOST/],
    [{ HOOKLINE_HOST: '192.0.2.1' }, /does not have the address 192\.0\.2\.1: set HOOKLINE_HOST/, /set HOOKLINE_HOST/],
    [
      { HOOKLINE_DATA_DIR: join(file, 'data'), HOOKLINE_SECRET_KEY: '', HOOKLINE_DATABASE_URL: '' },
      /secret\.key can't be .*ENOTDIR/,
      /^fail {2}data directory .*a file\/data$/m,
    ],
    [
      { HOOKLINE_DATA_DIR: join(file, 'data'), HOOKLINE_DATABASE_URL: '' },
      /can't be written: ENOTDIR.*Set HOOKLINE_DATA_DIR/,
      /Set HOOKLINE_DATA_DIR/,
    ],
    [
      { HOOKLINE_DATA_DIR: join(dataDir, 'new'), HOOKLINE_DATABASE_URL: '', HOOKLINE_POSTGRES_BIN: '/nowhere' },
      /HOOKLINE_POSTGRES_BIN.*\/nowhere/,
      /HOOKLINE_POSTGRES_BIN/,
    ],
  ]
  for (const [env, start, doctor] of cases) {
    const started = await answerOf(['start'], { env })
    assert.equal(started.code, 1)
    assert.match(started.err, start)
    assert.doesNotMatch(started.err, /^ +at /m)
    const examined = await answerOf(['doctor'], { env })
    assert.equal(examined.code, 1)
    assert.match(examined.out, doctor)
    assert.doesNotMatch(examined.out, /^ +at |Something else|Alpine/m)
  }
})

test('the doctor tries the mail server', async () => {
  const mails = await startMailServer()
  const email = { HOOKLINE_SMTP_URL: mails.url, HOOKLINE_EMAIL_FROM: 'a@example.com' }
  assert.match((await answerOf(['doctor'], { env: email })).out, /^ok {4}the mail server 127\.0\.0\.1:\d+ takes/m)
  const wrong = { ...email, HOOKLINE_SMTP_URL: mails.url.replace('p%40ss', 'pass') }
  const { out, code } = await answerOf(['doctor'], { env: wrong })
  assert.match(out, /^warn {2}the mail server 127\.0\.0\.1:\d+\n {6}Invalid login: .*\n {6}See to HOOKLINE_SMTP_URL/m)
  assert.ok(!out.includes('pass word'), out)
  assert.equal(code, 0)
})

test('emails that wait for too long are found', () => {
  const none = { count: 0, since: null, failing: 0, failure: null }
  const find = (waiting: Partial<WaitingErrorMails>, sends = true) =>
    emailFindings({ ...none, ...waiting }, sends, 3_600_000).map(({ what, fix }) => `${what}: ${fix}`)
  assert.deepEqual(find({}), [])
  assert.deepEqual(find({ count: 1, since: new Date(3_500_000) }), [])
  assert.match(find({ count: 1, since: new Date(0) })[0]!, /^1 error emails are not sent: .*HOOKLINE_ROLE/)
  assert.match(find({ count: 1, since: new Date(0) }, false)[0]!, /Set HOOKLINE_SMTP_URL/)
  assert.match(find({ count: 2, since: new Date(0), failing: 2, failure: 'full' })[0]!, /could not be sent: full/)
})

test('a database server is judged by what it says of itself', () => {
  const good: ServerFacts = {
    version: 180_004,
    encoding: 'UTF8',
    fsync: true,
    fullPageWrites: true,
    synchronousCommit: 'on',
    maxConnections: 100,
    isReplica: false,
    clock: new Date(0),
    mayCreateTables: true,
  }
  const states = (facts: Partial<ServerFacts>) =>
    [...serverFindings({ ...good, ...facts }, 10, 0)].filter(({ state }) => state !== 'ok').map(({ state }) => state)
  assert.deepEqual(states({}), [])
  assert.deepEqual(states({ version: 140_001 }), ['fail'])
  assert.deepEqual(states({ encoding: 'SQL_ASCII' }), ['fail'])
  assert.deepEqual(states({ fsync: false }), ['warn'])
  assert.deepEqual(states({ synchronousCommit: 'off' }), ['warn'])
  assert.deepEqual(states({ maxConnections: 12 }), ['fail'])
  assert.deepEqual(states({ isReplica: true, mayCreateTables: false }), ['fail', 'fail'])
  assert.deepEqual(states({ clock: new Date(60_000) }), ['warn'])
})

test('settings that are wrong are told without a stack', async () => {
  const { code, err } = await answerOf(['start'], { env: { HOOKLINE_PORT: '-1' } })
  assert.equal(code, 1)
  assert.match(err, /HOOKLINE_PORT: "-1" is not a whole number/)
  assert.ok(!err.includes('    at '))
})

test('help lists the commands, and there is a version', async () => {
  assert.match((await answerOf(['--version'])).out, /^\d+\.\d+\.\d+\n$/)
  const { code, out } = await answerOf(['--help'])
  assert.equal(code, 0)
  for (const command of ['start', 'doctor', 'token', 'admin', 'export', 'import', 'backup', 'restore'])
    assert.match(out, new RegExp(`^  ${command}\\b`, 'm'))
})
