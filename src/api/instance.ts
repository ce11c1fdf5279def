import { statfs } from 'node:fs/promises'
import { z } from 'zod'
import { permits } from '../access/scopes.ts'
import { readDiskUse } from '../storage/disk-use.ts'
import type { ApiDeps } from './api-deps.ts'
import { type Caller, publicRoute, type Route, route } from './route.ts'
import { instant, timestamp } from './shapes.ts'

const reach = z.object({ ok: z.boolean(), message: z.string(), checked_at: timestamp })

const instanceAnswer = z.object({
  version: z.string(),
  public_url: z.string().describe('What webhook addresses begin with'),
  public_url_configured: z.boolean().describe('False: it is the address the server listens on'),
  public_url_check: reach.describe('Whether that address leads to this server, as of a few minutes ago'),
  admin: z
    .object({
      started_at: timestamp,
      settings: z.array(
        z.object({
          name: z.string(),
          description: z.string(),
          value: z.string().nullable().describe('Null for secrets, and for those without a value'),
          is_set: z.boolean(),
          is_secret: z.boolean(),
        }),
      ),
      storage: z.object({
        database_bytes: z.int(),
        run_bytes: z.int(),
        payload_bytes: z.int(),
        run_count: z.int().nullable().describe('An estimate'),
        disk_free_bytes: z.int().nullable().describe('Null when the database is elsewhere'),
        disk_bytes: z.int().nullable(),
      }),
    })
    .nullable()
    .describe('Null for those who are no admins'),
})

/** An older result is not shown: the proxy may have been mended meanwhile. */
const maxReachAgeMs = 5 * 60_000

/** `/v1/instance`: version, settings, space, and whether the public address leads here. */
export function instanceRoutes({ storage, instance, publicUrl, configuredUrl }: ApiDeps): Route[] {
  const { publicUrlCheck, dataDir, version, startedAt, settings } = instance
  const reachJson = async (maxAgeMs: number) => {
    const { ok, message, checkedAt } = await publicUrlCheck.look(maxAgeMs)
    return { ok, message, checked_at: instant(checkedAt) }
  }

  async function adminFacts() {
    const [use, disk] = await Promise.all([
      readDiskUse(storage.database),
      dataDir === undefined ? undefined : statfs(dataDir),
    ])
    return {
      started_at: instant(startedAt),
      settings: settings.map(({ name, description, value, isSet, isSecret }) => ({
        name,
        description,
        value,
        is_set: isSet,
        is_secret: isSecret,
      })),
      storage: {
        database_bytes: use.database,
        run_bytes: use.runs,
        payload_bytes: use.payloads,
        run_count: use.runCount,
        disk_free_bytes: disk === undefined ? null : disk.bavail * disk.bsize,
        disk_bytes: disk === undefined ? null : disk.blocks * disk.bsize,
      },
    }
  }

  return [
    route({
      method: 'GET',
      path: '/instance',
      access: 'signed_in',
      summary: 'The server: version and public address; for admins its settings, without secrets, and its space',
      answer: instanceAnswer,
      run: async ({ caller }) => ({
        version,
        public_url: publicUrl(),
        public_url_configured: configuredUrl !== undefined,
        public_url_check: await reachJson(maxReachAgeMs),
        admin: isAdmin(caller) ? await adminFacts() : null,
      }),
    }),
    route({
      method: 'POST',
      path: '/instance/public-url-check',
      access: 'signed_in',
      summary: 'Looks now whether the public address leads to this server',
      answer: reach,
      run: () => reachJson(minCheckPauseMs),
    }),
    publicRoute({
      method: 'GET',
      path: '/instance/proof',
      summary: 'Proves to the server itself that an address leads to it',
      query: z.object({ challenge: z.string().min(16).max(128) }),
      answer: z.object({ proof: z.string() }),
      run: async ({ query }) => ({ proof: publicUrlCheck.proof(query.challenge) }),
    }),
  ]
}

/** Whoever presses often is shown what was found a moment ago: the server must not be made to call without end. */
const minCheckPauseMs = 2_000

function isAdmin({ role, scopes }: Caller): boolean {
  return role === 'admin' && (scopes === null || permits(scopes, 'company.view'))
}
