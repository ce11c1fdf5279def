import { Button, Loader, SegmentedControl } from '@mantine/core'
import { useMutation } from '@tanstack/react-query'
import { getRouteApi, Link, useNavigate } from '@tanstack/react-router'
import { FileUp, TriangleAlert } from 'lucide-react'
import { lazy, Suspense, useMemo, useRef, useState } from 'react'
import { isJsonObject, type JsonObject, stringifyJson } from '../../../src/flow/json.ts'
import { ApiError, messageOf, type Tagged } from '../api.ts'
import { Foreign } from '../components/Foreign.tsx'
import { LostRace } from '../components/LostRace.tsx'
import { newerState, useOpened } from '../components/opened.ts'
import { PageBar } from '../components/PageBar.tsx'
import { Page, Refusal } from '../settings/Listing.tsx'
import { Loading, NotFound } from '../shell/root-route.tsx'
import { importOpenApi, type OwnableConnector, pathOf, useSaveConnector, writtenPart } from './connector-queries.ts'
import classes from './EditConnectorPage.module.css'
import { LeaveEditor } from './LeaveEditor.tsx'
import { MainFields } from './MainFields.tsx'
import { looksLikeOpenApi, type Problem, placeProblems, readDocument } from './problem-lines.ts'

const JsonEditor = lazy(() => import('../runs/JsonEditor.tsx'))
const TriggerEditor = lazy(() => import('./TriggerEditor.tsx').then((file) => ({ default: file.TriggerEditor })))
const route = getRouteApi('/connectors/$name/edit')

const template: JsonObject = {
  name: 'my_app',
  title: 'My app',
  description: '',
  status: 'active',
  base_domain: 'https://api.example.com/',
  header: { token_prefix: 'Bearer {{token_format}}' },
  auth_config: { api_key: { labels: { auth_token: 'API key' } } },
  actions: [
    {
      name: 'get_contact',
      title: 'Get a contact',
      method: 'GET',
      endpoint: 'contacts/{{ id }}',
      form: { properties: { id: { type: 'string', title: 'Contact id' } }, required: ['id'] },
    },
  ],
}

export function NewConnectorPage() {
  return <Editor name={null} initial={stringifyJson(template, 2)} etag={undefined} />
}

export function EditConnectorPage() {
  const { name } = route.useParams()
  const connector = useOpened<OwnableConnector>(pathOf(name))
  if (connector.error instanceof ApiError && connector.error.status === 404)
    return <NotFound what="connector" list="connectors" />
  if (connector.error !== null) return <Refusal>{messageOf(connector.error)}</Refusal>
  if (connector.data === undefined) return <Loading />
  return <Editor name={name} initial={writtenText(connector.data.thing)} etag={connector.data.etag} />
}

const writtenText = (connector: OwnableConnector) => stringifyJson(writtenPart(connector), 2)

/** One document, twice: the few fields that everyone sets as a form, and the whole of it as JSON beside them. */
function Editor({ name, initial, etag }: { name: string | null; initial: string; etag: string | undefined }) {
  const navigate = useNavigate()
  const save = useSaveConnector()
  const [text, setText] = useState(initial)
  /** What is on the server; undefined once this page has saved and leaves. */
  const base = useRef<string | undefined>(initial)
  const [state, setState] = useState(etag)
  const [goTo, setGoTo] = useState<{ line: number } | null>(null)
  const [imported, setImported] = useState<Imported | null>(null)
  const reading = useMemo(() => readDocument(text), [text])
  const document = reading.ok && isJsonObject(reading.value) ? reading.value : null
  const [checkedText, setCheckedText] = useState('')
  const [part, setPart] = useState('main')
  const problems = reading.ok ? problemsOf(save.error, checkedText, text) : [reading.problem]
  const set = (change: JsonObject) => {
    if (document !== null) setText(stringifyJson({ ...document, ...change }, 2))
  }
  const saveOn = (ifMatch: string | undefined) => {
    if (document === null) return
    setCheckedText(text)
    save.mutate(
      { name, text, ifMatch },
      {
        onSuccess: (saved) => {
          base.current = undefined
          void navigate({ to: '/connectors/$name', params: { name: saved.name } })
        },
      },
    )
  }
  const submit = () => saveOn(state)
  return (
    <>
      <PageBar title={name === null ? 'New connector' : `Edit ${name}`}>
        <ImportButton
          onText={(read, said) => {
            setText(read)
            setImported(said)
          }}
        />
        <Button variant="default" component={Link} to={name === null ? '/connectors' : `/connectors/${name}`}>
          Cancel
        </Button>
        <Button onClick={submit} loading={save.isPending} disabled={document === null}>
          Save
        </Button>
      </PageBar>
      <LeaveEditor isDirty={() => base.current !== undefined && base.current !== text} />
      <Page>
        {imported === null ? null : (
          <div className={classes.imported} role="status">
            Made from an OpenAPI document: {imported.actions} {imported.actions === 1 ? 'action' : 'actions'}. Check
            logins and fields before you save.
            {imported.left.length === 0 ? null : (
              <ul>
                {imported.left.map((each) => (
                  <li key={each}>
                    <Foreign>{each}</Foreign>
                  </li>
                ))}
              </ul>
            )}
          </div>
        )}
        {problems.length === 0 &&
        save.error !== null &&
        checkedText === text &&
        newerState(save.error) === undefined ? (
          <Refusal>{messageOf(save.error)}</Refusal>
        ) : null}
        {name === null ? null : (
          <LostRace
            what="This connector"
            path={pathOf(name)}
            error={save.error}
            typed={text}
            load={(now: Tagged<OwnableConnector>) => {
              base.current = writtenText(now.thing)
              setText(base.current)
              setState(now.etag)
              save.reset()
            }}
            putBack={setText}
            saveOver={saveOn}
            isSaving={save.isPending}
          />
        )}
        {problems.length === 0 ? null : <Problems problems={problems} show={(line) => setGoTo({ line })} />}
        <div className={classes.both} data-part={part}>
          <div className={classes.part}>
            <SegmentedControl
              fullWidth
              size="xs"
              aria-label="Part of the connector"
              data={[
                { value: 'main', label: 'Basics' },
                { value: 'trigger', label: 'Webhook trigger' },
              ]}
              value={part}
              onChange={setPart}
            />
            {part === 'main' ? (
              <MainFields document={document} set={set} isNew={name === null} />
            ) : (
              <Suspense fallback={<Loading />}>
                <TriggerEditor document={document} set={set} />
              </Suspense>
            )}
          </div>
          <Suspense fallback={<Loader size="sm" aria-label="Loading the editor" />}>
            <JsonEditor
              label="Connector as JSON"
              value={text}
              onChange={setText}
              onSubmit={submit}
              tall
              goTo={goTo}
              problem={reading.ok ? null : { ...reading.problem, column: reading.column }}
            />
          </Suspense>
        </div>
      </Page>
    </>
  )
}

function Problems({ problems, show }: { problems: readonly Problem[]; show: (line: number) => void }) {
  return (
    <section className={classes.problems} role="alert" aria-label="Problems">
      <TriangleAlert size={16} aria-hidden />
      <ul>
        {problems.map(({ path, message, line }) => (
          <li key={`${path} ${message}`}>
            <button type="button" onClick={() => show(line)}>
              line {line}
            </button>{' '}
            {path === '' ? null : <code>{path}</code>} <Foreign>{message}</Foreign>
          </li>
        ))}
      </ul>
    </section>
  )
}

/** What an OpenAPI document has become. */
interface Imported {
  actions: number
  /** What of it could not be taken over, a sentence each. */
  left: readonly string[]
}

/** Reads a file: a connector as it is, or an OpenAPI document, of which the server makes one. */
function ImportButton({ onText }: { onText: (text: string, said: Imported | null) => void }) {
  const input = useRef<HTMLInputElement>(null)
  const draft = useMutation({ mutationFn: importOpenApi })
  const read = async (file: File | undefined) => {
    if (file === undefined) return
    const text = await file.text()
    if (!looksLikeOpenApi(text)) {
      draft.reset()
      onText(text, null)
      return
    }
    draft.mutate(text, {
      onSuccess: ({ connector, problems }) => {
        const actions = Array.isArray(connector.actions) ? connector.actions.length : 0
        const left = problems.map(({ path, message }) => `${path}: ${message}`)
        onText(stringifyJson(connector, 2), { actions, left: [...new Set(left)] })
      },
    })
  }
  return (
    <>
      <input
        ref={input}
        type="file"
        accept=".json,.yaml,.yml,application/json"
        hidden
        data-testid="import-connector"
        onChange={(event) => {
          void read(event.currentTarget.files?.[0])
          event.currentTarget.value = ''
        }}
      />
      <Button variant="default" leftSection={<FileUp size={15} aria-hidden />} onClick={() => input.current?.click()}>
        Import OpenAPI or JSON
      </Button>
      {draft.error === null ? null : (
        <span role="alert" className={classes.refused}>
          Not imported: {messageOf(draft.error)}
        </span>
      )}
    </>
  )
}

/** The server's complaints, as long as the text is the one they are about. */
function problemsOf(error: unknown, checkedText: string, text: string): Problem[] {
  if (!(error instanceof ApiError) || error.code !== 'invalid_connector' || checkedText !== text) return []
  const { data } = error
  if (!isJsonObject(data) || !Array.isArray(data.problems)) return []
  const problems = data.problems.flatMap((each) =>
    isJsonObject(each) ? [{ path: String(each.path ?? ''), message: String(each.message ?? '') }] : [],
  )
  return placeProblems(text, problems)
}
