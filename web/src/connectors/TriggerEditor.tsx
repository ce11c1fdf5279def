import { Button } from '@mantine/core'
import { useDebouncedValue } from '@mantine/hooks'
import { useQueries } from '@tanstack/react-query'
import { Plus } from 'lucide-react'
import { useMemo, useRef, useState } from 'react'
import { type Json, type JsonObject, stringifyJson } from '../../../src/flow/json.ts'
import { SettingsForm } from '../builder/form/SettingsForm.tsx'
import type { FieldSchema } from '../builder/form/schema.ts'
import { askPreview } from '../builder/template/preview.ts'
import { type Insert, InsertContext, ScopeContext } from '../builder/template/template-context.ts'
import { Foreign } from '../components/Foreign.tsx'
import { JsonView } from '../components/JsonView.tsx'
import classes from './ConnectorPage.module.css'
import { TriggerNames } from './TriggerNames.tsx'

const methods: FieldSchema = { type: 'string', enum: ['GET', 'POST', 'PUT', 'PATCH', 'DELETE'] }
const endpoint: FieldSchema = { type: 'string', description: 'Appended to the base address' }

/** The three requests that every automatic trigger has; the rest of its data stands in the JSON beside them. */
const form: FieldSchema = {
  properties: {
    create: {
      type: 'object',
      title: 'Register',
      properties: {
        method: methods,
        endpoint,
        body: { description: 'JSON whose texts are templates' },
        id: { type: 'string', title: 'Id', description: 'Of the webhook, from the vendor’s answer' },
      },
    },
    list: {
      type: 'object',
      title: 'List',
      properties: {
        method: methods,
        endpoint,
        items: { type: 'string', description: 'The webhooks in the answer' },
        id: { type: 'string', title: 'Id', description: 'Of one of them' },
        url: { type: 'string', title: 'URL', description: 'Where it sends to' },
      },
    },
    delete: { type: 'object', title: 'Unregister', properties: { method: methods, endpoint } },
  },
}

const usual: JsonObject = {
  events: ['contact.created'],
  create: {
    method: 'POST',
    endpoint: 'webhooks',
    body: { url: '{{ webhook_url }}', events: '{{ events }}', token: '{{ webhook_token }}' },
    id: '{{ response.body.id }}',
  },
  list: {
    method: 'GET',
    endpoint: 'webhooks',
    items: '{{ response.body }}',
    id: '{{ item.id }}',
    url: '{{ item.url }}',
  },
  delete: { method: 'DELETE', endpoint: 'webhooks/{{ registration.id }}' },
}

/** What the templates of a trigger see, by example. */
function exampleOf(hasToken: boolean): JsonObject {
  return {
    connectorAuth: { token: '••••', username: '', api_endpoint: '', user_input: {} },
    webhook_url: `${window.location.origin}/v1/flow-webhook/…`,
    webhook_token: hasToken ? 'ey••••••' : null,
    events: ['contact.created'],
    registration: { id: 'wh_1' },
    response: { status: 201, headers: {}, body: { id: 'wh_1' } },
    item: { id: 'wh_1', url: `${window.location.origin}/v1/flow-webhook/…` },
  }
}

/** A connector's webhook trigger: its requests as templates, with what they see and what becomes of them. */
export function TriggerEditor({ document, set }: { document: JsonObject | null; set: (change: JsonObject) => void }) {
  const [hasToken, setHasToken] = useState(true)
  const values = useMemo(() => exampleOf(hasToken), [hasToken])
  const scope = useMemo(() => ({ values, names: [] }), [values])
  const insert = useRef<Insert | null>(null)
  if (document === null) return <p className={classes.none}>The JSON can’t be read: mend it first.</p>
  const trigger = objectAt(document, 'webhook_trigger')
  if (trigger === undefined) {
    return (
      <div className={classes.stack}>
        <p className={classes.none}>It has no webhook trigger.</p>
        <Button
          variant="default"
          leftSection={<Plus size={15} aria-hidden />}
          onClick={() => set({ webhook_trigger: usual })}
        >
          Add a webhook trigger
        </Button>
      </div>
    )
  }
  return (
    <InsertContext value={insert}>
      <ScopeContext value={scope}>
        <div className={classes.stack}>
          <TriggerNames hasToken={hasToken} onToggle={setHasToken} />
          <SettingsForm schema={form} values={trigger} onChange={(next) => set({ webhook_trigger: next })} />
          <section className={classes.card} aria-label="Preview">
            <h2 className={classes.heading}>Preview</h2>
            {(['create', 'list', 'delete'] as const).map((name) => (
              <Rendered key={name} name={name} base={document.base_domain} trigger={trigger} values={values} />
            ))}
          </section>
        </div>
      </ScopeContext>
    </InsertContext>
  )
}

const titles = { create: 'Register', list: 'List', delete: 'Unregister' }

function Rendered({
  name,
  base,
  trigger,
  values,
}: {
  name: keyof typeof titles
  base: Json | undefined
  trigger: JsonObject
  values: JsonObject
}) {
  const { method, endpoint: path, body } = objectAt(trigger, name) ?? {}
  const address = `${typeof base === 'string' ? base : ''}${typeof path === 'string' ? path : ''}`
  const shown = useRendered({ address, ...(body === undefined ? {} : { body }) }, values)
  if (path === undefined) return null
  return (
    <div className={classes.rendered} data-testid={`rendered-${name}`}>
      <p className={classes.line}>
        <b>{titles[name]}</b> <code>{String(method ?? 'GET')}</code>{' '}
        <Foreign>{typeof shown.value.address === 'string' ? shown.value.address : ''}</Foreign>
      </p>
      {shown.problem === undefined ? null : (
        <p className={classes.problem} role="alert">
          {shown.problem}
        </p>
      )}
      {shown.value.body === undefined ? null : (
        <JsonView value={shown.value.body} label={`${titles[name]}: body`} openLevels={3} maxHeight={200} />
      )}
    </div>
  )
}

const pauseMs = 180

/** A value with each of its templates rendered by the server's engine; one that is an expression keeps its kind. */
function useRendered(value: JsonObject, context: JsonObject): { value: JsonObject; problem: string | undefined } {
  const text = stringifyJson(value)
  const [settledText] = useDebouncedValue(text, pauseMs)
  const isSettled = settledText === text
  const templates = [...new Set(templatesIn(value))]
  const answers = useQueries({
    queries: templates.map((template) => ({
      queryKey: ['rendered', template, stringifyJson(context)],
      queryFn: ({ signal }: { signal: AbortSignal }) => askPreview(template, context, signal),
      enabled: isSettled,
      staleTime: 60_000,
    })),
  })
  const known = new Map(templates.map((template, index) => [template, answers[index]?.data]))
  const problem = [...known.values()]
    .flatMap((answer) => answer?.diagnostics ?? [])
    .at(0)
    ?.message.split('\n')[0]
  return { value: filled(value, (template) => known.get(template)?.output ?? null) as JsonObject, problem }
}

function templatesIn(value: Json): string[] {
  if (typeof value === 'string') return /\{\{|\{%/.test(value) ? [value] : []
  if (typeof value !== 'object' || value === null || value instanceof Number) return []
  return Object.values(value).flatMap(templatesIn)
}

function filled(value: Json, render: (template: string) => Json): Json {
  if (typeof value === 'string') return /\{\{|\{%/.test(value) ? render(value) : value
  if (typeof value !== 'object' || value === null || value instanceof Number) return value
  if (Array.isArray(value)) return value.map((each) => filled(each, render))
  return Object.fromEntries(Object.entries(value).map(([key, each]) => [key, filled(each, render)]))
}

function objectAt(value: JsonObject, key: string): JsonObject | undefined {
  const member = value[key]
  return typeof member === 'object' && member !== null && !Array.isArray(member) && !(member instanceof Number)
    ? member
    : undefined
}
