import { resolve } from 'node:path'
import { z } from 'zod'
import { didYouMean } from './access/did-you-mean.ts'
import { databaseUrl, networks, publicUrl, rateLimit, sender, smtpUrl, wholeNumber, yesOrNo } from './setting-values.ts'

/** What the settings page says about a setting, beside its name. */
interface About {
  description: string
  /** Completes "… is not". */
  expected: string
  default?: string
  /** Its value is never shown, not even in the error that refuses it. */
  secret?: true
}

const about = z.registry<About>()

/** Every setting there is. The page of settings is generated from it; a new one needs nothing but its entry here. */
const settings = z.object({
  HOOKLINE_HOST: z.string().prefault('127.0.0.1').register(about, {
    description: 'The address the server listens on. `0.0.0.0` or `::` opens it to the network.',
    expected: 'an address or host name',
    default: '127.0.0.1',
  }),
  HOOKLINE_PORT: wholeNumber(0, 65_535).prefault('8080').register(about, {
    description: 'The port the server listens on; 0 takes a free one.',
    expected: 'a whole number from 0 to 65535',
    default: '8080',
  }),
  HOOKLINE_PUBLIC_URL: z.string().transform(publicUrl).optional().register(about, {
    description:
      'The address under which the outside world reaches Hookline; webhook URLs begin with it. Absent, it is the address the server listens on.',
    expected: 'an http or https URL without query, fragment and password, such as https://hooks.example.com',
  }),
  HOOKLINE_ROLE: z.enum(['all', 'api', 'worker']).prefault('all').register(about, {
    description: 'What this process does: `api` takes requests, `worker` runs flows, `all` does both.',
    expected: 'one of all, api, worker',
    default: 'all',
  }),
  HOOKLINE_DATA_DIR: z
    .string()
    .transform((path) => resolve(path))
    .prefault('./data')
    .register(about, {
      description: 'Where the embedded database and the secret key are kept.',
      expected: 'a path',
      default: './data',
    }),
  HOOKLINE_DATABASE_URL: z.string().transform(databaseUrl).optional().register(about, {
    description:
      'A PostgreSQL server to use in place of the embedded one; with it, as many API and worker processes as wanted share the work.',
    expected: 'a URL that begins with postgres://',
    secret: true,
  }),
  HOOKLINE_DATABASE_POOL: wholeNumber(4, 500).prefault('10').register(about, {
    description:
      'The most database connections this process opens, besides one to listen with. Half of them are for webhooks and runs alone.',
    expected: 'a whole number from 4 to 500',
    default: '10',
  }),
  HOOKLINE_POSTGRES_BIN: z
    .string()
    .transform((path) => resolve(path))
    .optional()
    .register(about, {
      description:
        'The directory that holds `initdb` and `postgres`, to run the embedded database from an installed PostgreSQL instead of the one that npm brought.',
      expected: 'a path',
    }),
  HOOKLINE_SECRET_KEY: z.string().min(32).optional().register(about, {
    description:
      'Seals credentials at rest and signs tokens. Absent, one is made and kept as `secret.key` in the data directory. All processes need the same one.',
    expected: 'a text of at least 32 characters, such as the output of: openssl rand -base64 32',
    secret: true,
  }),
  HOOKLINE_SECRET_KEY_PREVIOUS: z.string().min(32).optional().register(about, {
    description:
      'The former secret key, while changing it: what it sealed can still be opened, and everything is sealed with the new one from now on.',
    expected: 'a text of at least 32 characters',
    secret: true,
  }),
  HOOKLINE_OUTBOUND_ALLOW: networks().prefault('').register(about, {
    description:
      'Private networks that flows may call, separated by commas, such as `127.0.0.0/8,10.1.0.0/16`. Public addresses are always allowed; everything else is refused.',
    expected: 'a list of addresses or networks in CIDR notation',
    default: '',
  }),
  HOOKLINE_TRUST_PROXY: networks().prefault('').register(about, {
    description:
      'Addresses of the reverse proxies in front of Hookline, separated by commas. Only their `X-Forwarded-*` headers are believed.',
    expected: 'a list of addresses or networks in CIDR notation',
    default: '',
  }),
  HOOKLINE_MAX_BODY_BYTES: wholeNumber(1024, 100 * 1024 * 1024)
    .prefault('10485760')
    .register(about, {
      description: 'The largest webhook body, in bytes, as sent and once decompressed. Beyond it: 413.',
      expected: 'a whole number from 1024 to 104857600',
      default: '10485760',
    }),
  HOOKLINE_SYNC_TIMEOUT_SECONDS: wholeNumber(1, 120).prefault('25').register(about, {
    description: 'How long the sender of a synchronous webhook waits for the flow before it gets 504. The run goes on.',
    expected: 'a whole number from 1 to 120',
    default: '25',
  }),
  HOOKLINE_RATE_LIMIT_AUTH_FAILURES: rateLimit().prefault('20/1m').register(about, {
    description: 'Failed authentications per address and flow before 429. A valid token still passes.',
    expected: 'a limit such as 20/1m, or off',
    default: '20/1m',
  }),
  HOOKLINE_RATE_LIMIT_PER_IP: rateLimit().prefault('off').register(about, {
    description: 'Webhook requests per address before 429, such as `300/5m`.',
    expected: 'a limit such as 300/5m, or off',
    default: 'off',
  }),
  HOOKLINE_RATE_LIMIT_PER_FLOW: rateLimit().prefault('off').register(about, {
    description: "Webhook requests per flow before 429. A flow's own limit comes before it.",
    expected: 'a limit such as 50/1s, or off',
    default: 'off',
  }),
  HOOKLINE_MAX_WAITING_RUNS: wholeNumber(100, 100_000_000).prefault('100000').register(about, {
    description: 'How many runs of an account may wait for a worker before its webhooks answer 503.',
    expected: 'a whole number from 100 to 100000000',
    default: '100000',
  }),
  HOOKLINE_WORKER_CONCURRENCY: wholeNumber(1, 1000).prefault('32').register(about, {
    description:
      'How many flow runs a worker process works on at the same time. Those that wait for a call are not counted; with them, it has up to 64 times as many under way, an account half of that, a flow a quarter.',
    expected: 'a whole number from 1 to 1000',
    default: '32',
  }),
  HOOKLINE_CODE: yesOrNo().prefault('0').register(about, {
    description:
      'Whether flows may run JavaScript in code steps. It runs in an interpreter with bounded memory and time, in a process of its own that can reach nothing; whoever may save a flow can use the processor with it.',
    expected: '1 or 0',
    default: '0',
  }),
  HOOKLINE_CIRCUIT_FAILURES: wholeNumber(0, 1000).prefault('10').register(about, {
    description:
      'After how many failed calls in a row (no connection, no answer, 5xx) a vendor is left alone: for 30 s at first, then one call at a time tries, with pauses of up to 5 minutes. Counted per account, host and connector auth, in each process. 0 turns it off.',
    expected: 'a whole number from 0 to 1000',
    default: '10',
  }),
  HOOKLINE_SMTP_URL: z.string().transform(smtpUrl).optional().register(about, {
    description:
      'The mail server that error emails go through. `smtps://` begins with TLS (port 465), `smtp://` turns to it where the server can (port 587); a password goes to another machine only over TLS. Every process needs it, together with HOOKLINE_EMAIL_FROM.',
    expected:
      'a URL such as smtp://user:password@mail.example.com:587, with what is special in a password percent-encoded',
    secret: true,
  }),
  HOOKLINE_EMAIL_FROM: z.string().transform(sender).optional().register(about, {
    description: 'Who emails come from.',
    expected: 'an address, such as hookline@example.com or Hookline <hookline@example.com>',
  }),
  HOOKLINE_METRICS: yesOrNo().prefault('0').register(about, {
    description:
      'Whether `GET /metrics` answers, in the Prometheus text format. With it, a process with the role `worker` listens, too, and answers nothing but this and its health.',
    expected: '1 or 0',
    default: '0',
  }),
  HOOKLINE_LOG_LEVEL: z
    .enum(['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'])
    .prefault('info')
    .register(about, {
      description: 'The least severe messages that are logged.',
      expected: 'one of fatal, error, warn, info, debug, trace, silent',
      default: 'info',
    }),
})

type SettingName = keyof typeof settings.shape
const settingNames = Object.keys(settings.shape) as SettingName[]

export type Config = ReturnType<typeof readConfig>

/**
 * Reads the settings from the environment; nothing else in the product reads it.
 *
 * A variable that is empty counts as absent, because container tools pass on unset ones as empty. Relative paths are
 * resolved against the working directory. A `HOOKLINE_` variable that is not a setting is no error but a warning:
 * an older version must start with the settings of a newer one.
 *
 * Errors: one `ConfigError` that lists every wrong variable with what was expected; secrets are not shown.
 */
export function readConfig(env: Readonly<Record<string, string | undefined>> = process.env) {
  const given = Object.fromEntries(settingNames.map((name) => [name, env[name]?.trim() || undefined]))
  const { success, data, error } = settings.safeParse(given)
  if (!success) {
    const wrong = new Set(error.issues.map((issue) => issue.path[0] as SettingName))
    throw new ConfigError([...wrong].map((name) => problem(name, given[name] ?? '')))
  }
  const { HOOKLINE_SMTP_URL: smtpUrl, HOOKLINE_EMAIL_FROM: from } = data
  if ((smtpUrl === undefined) !== (from === undefined)) {
    const absent = from === undefined ? 'HOOKLINE_EMAIL_FROM' : 'HOOKLINE_SMTP_URL'
    const other = from === undefined ? 'HOOKLINE_SMTP_URL' : 'HOOKLINE_EMAIL_FROM'
    throw new ConfigError([`${absent}: is absent, and ${other} is of no use without it`])
  }
  return {
    host: data.HOOKLINE_HOST,
    port: data.HOOKLINE_PORT,
    publicUrl: data.HOOKLINE_PUBLIC_URL,
    role: data.HOOKLINE_ROLE,
    dataDir: data.HOOKLINE_DATA_DIR,
    databaseUrl: data.HOOKLINE_DATABASE_URL,
    databasePool: data.HOOKLINE_DATABASE_POOL,
    postgresBin: data.HOOKLINE_POSTGRES_BIN,
    secretKey: data.HOOKLINE_SECRET_KEY,
    secretKeyPrevious: data.HOOKLINE_SECRET_KEY_PREVIOUS,
    outboundAllow: data.HOOKLINE_OUTBOUND_ALLOW,
    trustProxy: data.HOOKLINE_TRUST_PROXY,
    maxBodyBytes: data.HOOKLINE_MAX_BODY_BYTES,
    syncTimeoutSeconds: data.HOOKLINE_SYNC_TIMEOUT_SECONDS,
    rateLimitAuthFailures: data.HOOKLINE_RATE_LIMIT_AUTH_FAILURES,
    rateLimitPerIp: data.HOOKLINE_RATE_LIMIT_PER_IP,
    rateLimitPerFlow: data.HOOKLINE_RATE_LIMIT_PER_FLOW,
    maxWaitingRuns: data.HOOKLINE_MAX_WAITING_RUNS,
    workerConcurrency: data.HOOKLINE_WORKER_CONCURRENCY,
    code: data.HOOKLINE_CODE,
    circuitFailures: data.HOOKLINE_CIRCUIT_FAILURES,
    email: smtpUrl === undefined || from === undefined ? undefined : { smtpUrl, from },
    metrics: data.HOOKLINE_METRICS,
    logLevel: data.HOOKLINE_LOG_LEVEL,
    /** To be logged at start: variables that look like settings and are none. */
    warnings: Object.keys(env).filter(isUnknown).map(warning),
    effective: settingNames.map((name) => effectiveSetting(name, given[name])),
  }
}

/** A setting as this process has it, for the page that shows it to admins. */
export interface EffectiveSetting {
  name: string
  description: string
  /** Null for secrets, and for a setting that has no value. */
  value: string | null
  isSet: boolean
  isSecret: boolean
}

function effectiveSetting(name: SettingName, given: string | undefined): EffectiveSetting {
  const { description, default: usual, secret } = about.get(settings.shape[name])!
  const isSecret = secret === true
  return { name, description, value: isSecret ? null : (given ?? usual ?? null), isSet: given !== undefined, isSecret }
}

/** The rows of the settings page, in its order. */
export function describeSettings(): ({ name: string } & About)[] {
  return settingNames.map((name) => ({ name, ...about.get(settings.shape[name])! }))
}

/** The environment holds wrong settings; the message has a line for each. */
export class ConfigError extends Error {
  readonly problems: readonly string[]

  constructor(problems: readonly string[]) {
    super(`Hookline can't start with these settings:\n${problems.map((each) => `  ${each}`).join('\n')}`)
    this.name = 'ConfigError'
    this.problems = problems
  }
}

function problem(name: SettingName, value: string): string {
  const { expected, secret } = about.get(settings.shape[name])!
  const shown = secret ? 'the value given' : JSON.stringify(value.length > 80 ? `${value.slice(0, 80)}…` : value)
  return `${name}: ${shown} is not ${expected}`
}

function isUnknown(name: string): boolean {
  return name.startsWith('HOOKLINE_') && !Object.hasOwn(settings.shape, name)
}

function warning(name: string): string {
  const meant = didYouMean(name, settingNames)
  return `${name} is not a setting and has no effect${meant ? `; did you mean ${meant}?` : ''}`
}
