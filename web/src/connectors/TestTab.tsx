import { Anchor, Button } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { getRouteApi } from '@tanstack/react-router'
import { Eye, FlaskConical, Send } from 'lucide-react'
import { type KeyboardEvent, useMemo, useRef, useState } from 'react'
import type { JsonObject } from '../../../src/flow/json.ts'
import { messageOf } from '../api.ts'
import { type ActionJson, formOf } from '../builder/catalogue.ts'
import { ActionPicker } from '../builder/connector/ActionPicker.tsx'
import { AuthPicker } from '../builder/connector/AuthPicker.tsx'
import { authsQuery } from '../builder/connector/auth-queries.ts'
import { focusField } from '../builder/focus-field.ts'
import { VendorContext } from '../builder/form/Find.tsx'
import formClasses from '../builder/form/form.module.css'
import { SettingsForm } from '../builder/form/SettingsForm.tsx'
import { keepFitting } from '../builder/form/schema.ts'
import { ScopeContext } from '../builder/template/template-context.ts'
import { announce } from '../components/Announcer.tsx'
import { EmptyState } from '../components/EmptyState.tsx'
import { Foreign } from '../components/Foreign.tsx'
import { isolated } from '../components/foreign-text.ts'
import { envVariablesQuery } from '../env-variables/env-queries.ts'
import { Refusal } from '../settings/Listing.tsx'
import { type ActionTestJson, useActionTest } from './action-tests.ts'
import pageClasses from './ConnectorPage.module.css'
import { endpointOf, type OwnableConnector } from './connector-queries.ts'
import { resultWords, TestResult } from './TestResult.tsx'
import classes from './TestTab.module.css'

const route = getRouteApi('/connectors/$name')

/** Tries one action without a flow: what would be sent, and what the vendor really answers. */
export default function TestTab({ connector }: { connector: OwnableConnector }) {
  // A trigger is no action that could be tried; the vendor decides when it fires.
  const tried = useMemo(() => ({ ...connector, webhook_trigger: null }), [connector])
  if (connector.actions.length === 0) {
    return (
      <EmptyState icon={<FlaskConical size={26} />} title="Nothing to test">
        {connector.title} has no actions.
      </EmptyState>
    )
  }
  return <Console connector={tried} />
}

function Console({ connector }: { connector: OwnableConnector }) {
  const { action: wanted, auth: chosenAuth } = route.useSearch()
  const navigate = route.useNavigate()
  const test = useActionTest()
  const resultBox = useRef<HTMLElement>(null)
  const [input, setInput] = useState<{ of: string | undefined; values: JsonObject }>({ of: undefined, values: {} })
  const [lacksAuth, setLacksAuth] = useState(false)
  const action = connector.actions.find(({ name }) => name === wanted) ?? onlyOne(connector.actions)
  const schema = useMemo(() => formOf(action), [action])
  const fields = Object.keys(schema?.properties ?? {})
  const asksLogin = Object.keys(connector.auth_config ?? {}).length > 0
  const { data: auths } = useQuery({ ...authsQuery(connector.name), enabled: asksLogin })
  const auth = chosenAuth ?? onlyOne(auths ?? [])?.id ?? null
  const values = input.of === action?.name ? input.values : {}
  const { data: variables } = useQuery(envVariablesQuery)
  const scope = useMemo(
    () => ({ values: Object.fromEntries((variables ?? []).map(({ name, value }) => [name, value])), names: [] }),
    [variables],
  )
  const vendor = useMemo(
    () =>
      connector.search_config
        ? { connector: connector.name, title: connector.title, auth, needsAuth: asksLogin }
        : null,
    [connector, auth, asksLogin],
  )

  const choose = (name: string) => {
    const next = connector.actions.find((each) => each.name === name)
    setInput({ of: name, values: keepFitting(values, schema, formOf(next)) })
    test.reset()
    void navigate({ search: (before) => ({ ...before, action: name }), replace: true })
  }
  const chooseAuth = (id: string | null) => {
    setLacksAuth(false)
    void navigate({ search: (before) => ({ ...before, auth: id ?? undefined }), replace: true })
  }
  const ask = (isDry: boolean) => {
    if (action === undefined || test.isPending) return
    if (asksLogin && auth === null) {
      setLacksAuth(true)
      return focusField('auth')
    }
    test.mutate(
      { connector: connector.name, action: action.name, auth, input: values, isDry },
      {
        onSuccess(result) {
          announce(resultWords(result, connector.title))
          const field = fieldOf(result)
          // Below each other, as on a phone, the answer would be out of sight.
          if (field === undefined) resultBox.current?.scrollIntoView({ block: 'nearest' })
          else focusField(field)
        },
      },
    )
  }
  const onKeyDownCapture = (event: KeyboardEvent) => {
    if (event.key !== 'Enter' || !(event.ctrlKey || event.metaKey)) return
    // A dialog that was opened from here stands elsewhere in the page; its keys are its own.
    if (!event.currentTarget.contains(event.target as Node)) return
    event.preventDefault()
    ask(false)
  }

  return (
    <div className={classes.bench} onKeyDownCapture={onKeyDownCapture}>
      <section className={`${pageClasses.card} ${classes.side}`} aria-label="Action to test">
        <div>
          <ActionPicker
            connector={connector}
            value={action?.name ?? ''}
            title={action?.title ?? ''}
            onChoose={choose}
          />
          {action === undefined ? null : <ActionFacts action={action} />}
        </div>
        {asksLogin ? (
          <div data-field="auth">
            <div className={formClasses.labelLine}>
              <span className={formClasses.label}>Connector auth</span>
            </div>
            <AuthPicker connector={connector} value={auth} onChange={chooseAuth} />
            {auths?.length === 0 ? (
              <p className={formClasses.description}>
                <Foreign>{connector.title}</Foreign> asks for a login. Make one with New: its secrets are only ever sent
                to <Foreign>{connector.title}</Foreign>.
              </p>
            ) : null}
            <p className={formClasses.problem} role={lacksAuth ? 'alert' : undefined}>
              {lacksAuth ? 'Choose a connector auth first, or make one' : null}
            </p>
          </div>
        ) : null}
        {fields.length === 0 ? null : (
          <ScopeContext value={scope}>
            <VendorContext value={vendor}>
              <SettingsForm
                key={action?.name}
                schema={schema ?? {}}
                values={values}
                onChange={(next) => setInput({ of: action?.name, values: next })}
                serverProblems={problemsOf(test.data)}
              />
            </VendorContext>
          </ScopeContext>
        )}
        {action === undefined ? (
          <p className={classes.note}>Choose an action to see what it asks for.</p>
        ) : (
          <>
            <p className={isReading(action) ? classes.note : classes.warning}>{warning(connector, action)}</p>
            <div className={classes.buttons}>
              <Button
                variant="default"
                leftSection={<Eye size={15} aria-hidden />}
                onClick={() => ask(true)}
                loading={test.isPending && test.variables.isDry}
                disabled={test.isPending && !test.variables.isDry}
              >
                Show request
              </Button>
              <Button
                leftSection={<Send size={15} aria-hidden />}
                onClick={() => ask(false)}
                loading={test.isPending && !test.variables.isDry}
                disabled={test.isPending && test.variables.isDry}
                aria-keyshortcuts="Control+Enter"
                title="Ctrl Enter"
              >
                Send
              </Button>
              {test.isPending ? (
                <Button variant="subtle" onClick={test.cancel}>
                  Cancel
                </Button>
              ) : null}
            </div>
          </>
        )}
        {test.error === null ? null : wasCancelled(test.error) ? (
          <p className={classes.note} role="status">
            {cancelledWords(connector, action)}
          </p>
        ) : (
          <Refusal>{messageOf(test.error)}</Refusal>
        )}
      </section>
      <TestResult
        ref={resultBox}
        connector={connector}
        auth={auth}
        isPending={test.isPending}
        result={test.data}
        fields={fields}
      />
    </div>
  )
}

function ActionFacts({ action: { method = 'GET', description, summary, docs, ...action } }: { action: ActionJson }) {
  const words = summary ?? description
  return (
    <p className={formClasses.description}>
      {words === undefined ? null : (
        <>
          <Foreign>{words}</Foreign>{' '}
        </>
      )}
      <code>
        {method} <Foreign>{endpointOf(action)}</Foreign>
      </code>{' '}
      {docs === undefined ? null : (
        <Anchor size="xs" href={docs} target="_blank" rel="noreferrer">
          Documentation
        </Anchor>
      )}
    </p>
  )
}

function onlyOne<Item>(items: readonly Item[]): Item | undefined {
  return items.length === 1 ? items[0] : undefined
}

function isReading({ method = 'GET' }: ActionJson): boolean {
  return method === 'GET' || method === 'HEAD'
}

function warning({ title }: OwnableConnector, action: ActionJson): string {
  return isReading(action)
    ? `Send calls ${isolated(title)} for real. No run is stored.`
    : `Send calls ${isolated(title)} for real: ${action.method} may change something there. Show request sends nothing.`
}

function wasCancelled(error: Error): boolean {
  return error.name === 'AbortError'
}

function cancelledWords({ title }: OwnableConnector, action: ActionJson | undefined): string {
  return action === undefined || isReading(action)
    ? 'Cancelled before the answer was there.'
    : `Cancelled before the answer was there: whether ${isolated(title)} has done it is not known.`
}

function fieldOf({ error }: ActionTestJson): string | undefined {
  const field = error?.details?.field
  return typeof field === 'string' && (field === 'auth' || field.startsWith('input.')) ? field : undefined
}

/** What was wrong with a field, where it is mended. */
function problemsOf(result: ActionTestJson | undefined): Record<string, string> {
  const field = result === undefined ? undefined : fieldOf(result)
  if (field === undefined || !field.startsWith('input.')) return {}
  const path = field.slice('input.'.length)
  return { [path]: (result?.error?.message ?? '').replace(`${path}: `, '') }
}
