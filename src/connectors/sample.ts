import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { type Json, type JsonObject, parseJson } from '../flow/json.ts'
import type { WebhookTrigger } from './connector.ts'

/** A payload as the vendor's documentation shows it, with the headers that come along. */
export interface Sample {
  /** Where it is from. */
  source: string
  /** In lower case, without signatures. */
  headers: Record<string, string>
  body: Json
}

/**
 * The sample of a trigger's event, or undefined where there is none. A connector that ships with the product names a
 * file; others hold the payload itself.
 */
export async function readSample(
  connector: string,
  trigger: Pick<WebhookTrigger, 'events'>,
  event: string,
): Promise<Sample | undefined> {
  const declared = trigger.events.find((each) => typeof each !== 'string' && each.name === event)
  const sample = typeof declared === 'object' ? declared.sample : undefined
  if (sample === undefined) return undefined
  if (typeof sample !== 'string')
    return { source: connector, headers: { 'content-type': 'application/json' }, body: sample }
  // Names of connectors and samples are data, of users too: what is no plain name leads to no file.
  if (!/^[a-z0-9_-]+$/.test(connector) || !/^[\w.-]+$/.test(sample) || sample.startsWith('.')) return undefined
  const file = join(import.meta.dirname, 'samples', connector, `${sample}.json`)
  try {
    return readObject(parseJson(await readFile(file, 'utf8')))
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined
    throw error
  }
}

function readObject(json: Json): Sample {
  const { source, headers, body } = json as JsonObject
  return { source: String(source), headers: headers as Record<string, string>, body: body ?? null }
}
