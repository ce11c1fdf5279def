import assert from 'node:assert/strict'
import { resolve } from 'node:path'
import { test } from 'node:test'
import { ConfigError, describeSettings, readConfig } from './config.ts'

test('an empty environment gives the documented defaults', () => {
  const { effective, ...config } = readConfig({})
  assert.ok(effective.every(({ isSet }) => !isSet))
  assert.deepEqual(config, {
    host: '127.0.0.1',
    port: 8080,
    publicUrl: undefined,
    role: 'all',
    dataDir: resolve('data'),
    databaseUrl: undefined,
    databasePool: 10,
    postgresBin: undefined,
    secretKey: undefined,
    secretKeyPrevious: undefined,
    outboundAllow: [],
    trustProxy: [],
    maxBodyBytes: 10 * 1024 * 1024,
    syncTimeoutSeconds: 25,
    maxWaitingRuns: 100_000,
    rateLimitAuthFailures: { count: 20, seconds: 60 },
    rateLimitPerIp: undefined,
    rateLimitPerFlow: undefined,
    workerConcurrency: 32,
    code: false,
    circuitFailures: 10,
    email: undefined,
    metrics: false,
    logLevel: 'info',
    warnings: [],
  })
})

test('an empty variable counts as absent, and blanks around a value do not matter', () => {
  const config = readConfig({ HOOKLINE_PORT: '', HOOKLINE_DATABASE_URL: ' ', HOOKLINE_ROLE: ' api ' })
  assert.equal(config.port, 8080)
  assert.equal(config.databaseUrl, undefined)
  assert.equal(config.role, 'api')
})

test('every setting can be set', () => {
  const config = readConfig({
    HOOKLINE_HOST: '::',
    HOOKLINE_PORT: '0',
    HOOKLINE_PUBLIC_URL: 'https://hooks.example.com/hookline/',
    HOOKLINE_DATA_DIR: '/var/lib/hookline',
    HOOKLINE_DATABASE_URL: 'postgres://u:p@db/hookline',
    HOOKLINE_OUTBOUND_ALLOW: '127.0.0.0/8, ::1 10.1.2.3',
    HOOKLINE_RATE_LIMIT_PER_IP: '300/5m',
    HOOKLINE_RATE_LIMIT_PER_FLOW: '50/s',
    HOOKLINE_RATE_LIMIT_AUTH_FAILURES: 'off',
    HOOKLINE_SMTP_URL: 'smtps://hookline:p%40ss@[::1]:2465',
    HOOKLINE_EMAIL_FROM: 'Hookline <hookline@example.com>',
    HOOKLINE_METRICS: '1',
  })
  assert.deepEqual(config.email, {
    smtpUrl: 'smtps://hookline:p%40ss@[::1]:2465',
    from: 'Hookline <hookline@example.com>',
  })
  assert.equal(config.host, '::')
  assert.equal(config.port, 0)
  assert.equal(config.publicUrl, 'https://hooks.example.com/hookline')
  assert.equal(config.dataDir, '/var/lib/hookline')
  assert.equal(config.databaseUrl, 'postgres://u:p@db/hookline')
  assert.deepEqual(config.outboundAllow, ['127.0.0.0/8', '::1/128', '10.1.2.3/32'])
  assert.deepEqual(config.rateLimitPerIp, { count: 300, seconds: 300 })
  assert.deepEqual(config.rateLimitPerFlow, { count: 50, seconds: 1 })
  assert.equal(config.rateLimitAuthFailures, undefined)
  assert.equal(config.metrics, true)
})

test('emails need a server and a sender that can be one', () => {
  const smtp = { HOOKLINE_SMTP_URL: 'smtp://mail.example.com' }
  assert.throws(() => readConfig(smtp), /HOOKLINE_EMAIL_FROM: is absent, and HOOKLINE_SMTP_URL is/)
  assert.throws(() => readConfig({ HOOKLINE_EMAIL_FROM: 'a@example.com' }), /HOOKLINE_SMTP_URL: is absent/)
  for (const from of ['nobody', 'A <b>', 'a@example.com\r\nBcc: b@example.com']) {
    assert.throws(() => readConfig({ ...smtp, HOOKLINE_EMAIL_FROM: from }), /HOOKLINE_EMAIL_FROM: .* is not an address/)
  }
  for (const url of ['mail.example.com', 'http://mail.example.com', 'smtp://a:50%@mail.example.com', 'smtp://m?x=1']) {
    const given = { HOOKLINE_SMTP_URL: url, HOOKLINE_EMAIL_FROM: 'a@example.com' }
    assert.throws(() => readConfig(given), /HOOKLINE_SMTP_URL: the value given is not a URL/, url)
  }
})

test('one error lists every wrong variable with what was expected', () => {
  assert.throws(
    () =>
      readConfig({
        HOOKLINE_PORT: 'eighty',
        HOOKLINE_ROLE: 'boss',
        HOOKLINE_SYNC_TIMEOUT_SECONDS: '121',
        HOOKLINE_OUTBOUND_ALLOW: '10.0.0.0/33',
      }),
    (error) => {
      assert.ok(error instanceof ConfigError)
      assert.deepEqual(error.problems, [
        'HOOKLINE_PORT: "eighty" is not a whole number from 0 to 65535',
        'HOOKLINE_ROLE: "boss" is not one of all, api, worker',
        'HOOKLINE_OUTBOUND_ALLOW: "10.0.0.0/33" is not a list of addresses or networks in CIDR notation',
        'HOOKLINE_SYNC_TIMEOUT_SECONDS: "121" is not a whole number from 1 to 120',
      ])
      return true
    },
  )
})

const wrongValues = [
  ['HOOKLINE_PORT', '65536', '-1', '80.5', '1e3', '0x50'],
  ['HOOKLINE_PUBLIC_URL', 'hooks.example.com', 'ftp://a', 'https://u:p@a', 'https://a/?b', 'https://a/#b'],
  ['HOOKLINE_DATABASE_URL', 'mysql://a/b', 'postgres://', '/var/run'],
  ['HOOKLINE_DATABASE_POOL', '1', '501'],
  ['HOOKLINE_SECRET_KEY', 'short', 'x'.repeat(31)],
  ['HOOKLINE_OUTBOUND_ALLOW', 'localhost', '10.0.0.0/', '10.0.0.0/8/8', '::1/129', '127.1', '10.0.0.0/-1'],
  ['HOOKLINE_TRUST_PROXY', 'true', '*'],
  ['HOOKLINE_MAX_BODY_BYTES', '1023', '104857601', '10MiB'],
  ['HOOKLINE_SYNC_TIMEOUT_SECONDS', '0', '25s'],
  ['HOOKLINE_RATE_LIMIT_PER_IP', '300', '0/5m', '300/0m', '300/5d', '300/m5', 'on', '/m'],
  ['HOOKLINE_METRICS', '2', 'enabled'],
  ['HOOKLINE_LOG_LEVEL', 'verbose'],
] as const

for (const [name, ...values] of wrongValues) {
  test(`${name} refuses ${values.join(', ')}`, () => {
    for (const value of values) assert.throws(() => readConfig({ [name]: value }), { name: 'ConfigError' }, value)
  })
}

test('the value of a secret is in no error', () => {
  const read = () => readConfig({ HOOKLINE_SECRET_KEY: 'hunter2', HOOKLINE_DATABASE_URL: 'mysql://root:hunter2@db' })
  assert.throws(read, (error) => error instanceof ConfigError && !error.message.includes('hunter2'))
})

test('a variable that is no setting gives a warning with what was probably meant', () => {
  const { warnings } = readConfig({ HOOKLINE_PROT: '1', HOOKLINE_SOMETHING_ELSE_ALTOGETHER: '1', PORT: '80' })
  assert.deepEqual(warnings, [
    'HOOKLINE_PROT is not a setting and has no effect; did you mean HOOKLINE_PORT?',
    'HOOKLINE_SOMETHING_ELSE_ALTOGETHER is not a setting and has no effect',
  ])
})

test('every setting describes itself, and its documented default is the one that is used', () => {
  const rows = describeSettings()
  assert.ok(rows.length <= 25)
  const withDefaults = Object.fromEntries(rows.flatMap((row) => (row.default ? [[row.name, row.default]] : [])))
  const { effective: _, ...config } = readConfig(withDefaults)
  const { effective: __, ...usual } = readConfig({})
  assert.deepEqual(config, usual)
  for (const row of rows) assert.ok(row.description.endsWith('.') && row.expected !== '', row.name)
})

test('the settings as they are tell no secrets', () => {
  const { effective } = readConfig({ HOOKLINE_SECRET_KEY: 'a'.repeat(40), HOOKLINE_PORT: '9' })
  const named = (name: string) => effective.find((each) => each.name === name)
  assert.deepEqual([named('HOOKLINE_SECRET_KEY')?.value, named('HOOKLINE_SECRET_KEY')?.isSet], [null, true])
  assert.deepEqual([named('HOOKLINE_PORT')?.value, named('HOOKLINE_PORT')?.isSet], ['9', true])
  assert.deepEqual([named('HOOKLINE_HOST')?.value, named('HOOKLINE_HOST')?.isSet], ['127.0.0.1', false])
  assert.ok(!JSON.stringify(effective).includes('aaaa'))
})
