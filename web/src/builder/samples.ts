import { queryOptions, useQuery } from '@tanstack/react-query'
import { createContext, use, useMemo } from 'react'
import { loopIndexName } from '../../../src/flow/flow.ts'
import type { Json, JsonObject } from '../../../src/flow/json.ts'
import { loopsAround, stepsBefore } from '../../../src/flow/part.ts'
import { call } from '../api.ts'
import { noValues, type RunValues } from './shown-run.ts'
import { useBuilder } from './store.ts'
import type { TemplateScope } from './template/completion.ts'

/** Captured requests and what steps have produced: the data that templates are written and previewed with. */

/** A request as `GET /v1/flows/{id}/requests` answers it. */
export interface CapturedRequest {
  flow_run_id: string
  received_at: string
  status: string
  method: string | null
  ip: string | null
  content_type: string | null
  size: number
  headers: Record<string, string>
  query: Json
  /** As the flow sees it. */
  body: Json
  raw_body: string | null
}

export const requestsQuery = (flowId: string) =>
  queryOptions({
    queryKey: ['requests', flowId],
    queryFn: ({ signal }) =>
      call<{ data: CapturedRequest[] }>('GET', `flows/${flowId}/requests`, { query: { limit: 20 }, signal }),
    select: ({ data }) => data,
  })

/** What is offered while nothing has been captured. */
export const exampleBody: Json = {
  company_id: 123456,
  event: 'contact.created',
  customer: { name: 'Ada Lovelace', email: 'ada@example.com' },
  'order-id': 'A-77',
  items: [{ sku: 'hook-1', quantity: 2 }],
}

export interface Sample {
  /** The run's id, `example` or `edited`. */
  id: string
  body: Json
  request: CapturedRequest | null
}

interface SampleState {
  sample: Sample
  requests: readonly CapturedRequest[]
  choose: (id: string) => void
  /** Takes a body that was written by hand as the sample. */
  edit: (body: Json) => void
  /** What the run whose results are shown has produced; a test of a part adds to what was known before it. */
  produced: RunValues
  /** Says whether what is known now stays so, where the next shown run says nothing else. */
  keepBeneath: (keep: boolean) => void
}

export const SampleContext = createContext<SampleState>({
  sample: { id: 'example', body: exampleBody, request: null },
  requests: [],
  choose: () => undefined,
  edit: () => undefined,
  produced: noValues,
  keepBeneath: () => undefined,
})

export const useSample = () => use(SampleContext)

/** What was picked: the id of a sample, or a body that was written by hand. */
export type Chosen = { id: string } | { body: Json } | null

/** The chosen sample, or that of the shown run, or the newest request, or the example. */
export function useSamples(
  flowId: string,
  picked: Chosen,
  shownRun: Sample | null,
): { sample: Sample; requests: readonly CapturedRequest[] } {
  const { data: requests = noRequests } = useQuery(requestsQuery(flowId))
  return useMemo(() => {
    if (picked !== null && 'body' in picked) {
      return { sample: { id: 'edited', body: picked.body, request: null }, requests }
    }
    const chosen = picked?.id ?? null
    if (shownRun !== null && (chosen === null || chosen === shownRun.id)) return { sample: shownRun, requests }
    const request =
      chosen === 'example' ? undefined : (requests.find(({ flow_run_id }) => flow_run_id === chosen) ?? requests[0])
    const sample: Sample =
      request === undefined
        ? { id: 'example', body: exampleBody, request: null }
        : { id: request.flow_run_id, body: request.body, request }
    return { sample, requests }
  }, [requests, picked, shownRun])
}

const noRequests: readonly CapturedRequest[] = []

/**
 * What templates of a step can speak of: the steps before it with what they last produced, and the request. The answer
 * of a webhook is rendered when the flow has ended, so there every step counts.
 */
export function useScopeOf(ref: string): TemplateScope {
  const document = useBuilder((state) => state.document)
  const catalogue = useBuilder((state) => state.catalogue)
  const { sample, produced } = useSample()
  return useMemo(() => {
    const first = document.steps.find((step) => catalogue.starts(step))
    const refs = first?.ref === ref ? document.steps.map((step) => step.ref) : stepsBefore(document, ref)
    const loops = loopsAround(document).get(ref) ?? []
    const values: JsonObject = {}
    if (first !== undefined && refs.includes(first.ref)) values[first.ref] = sample.body
    for (const each of refs) {
      const value = loops.includes(each) ? produced.passes[each] : produced.values[each]
      if (value !== undefined && each !== first?.ref) values[each] = value
    }
    values.request = requestFacts(sample)
    const innermost = loops.at(-1)
    if (innermost !== undefined && !refs.includes(loopIndexName)) {
      values[loopIndexName] = (produced.passes[innermost] as JsonObject | undefined)?.index ?? 0
    }
    return { values, names: refs }
  }, [document, catalogue, sample, produced, ref])
}

/** The scope with an empty value for each step that has none yet, so that a preview shows the template's shape. */
export function previewContext({ values, names }: TemplateScope): JsonObject {
  return { ...Object.fromEntries(names.map((name) => [name, {}])), ...values }
}

function requestFacts({ request }: Sample): JsonObject {
  if (request === null) {
    return {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      query: {},
      ip: '203.0.113.7',
      raw_body: '',
    }
  }
  const { method, headers, query, ip, raw_body } = request
  return { method, headers, query, ip, raw_body }
}
