import { ActionIcon, Button, Menu, Switch, Tooltip } from '@mantine/core'
import { ChevronDown, Eye, EyeOff, RefreshCw, TriangleAlert } from 'lucide-react'
import { useMemo, useState } from 'react'
import { stringifyJson } from '../../../../src/flow/json.ts'
import { messageOf } from '../../api.ts'
import { announce } from '../../components/Announcer.tsx'
import { CopyButton, copyText } from '../../components/CopyButton.tsx'
import { PublicUrlWarning } from '../../settings/PublicUrlWarning.tsx'
import { SettingsForm } from '../form/SettingsForm.tsx'
import type { FieldSchema } from '../form/schema.ts'
import classes from '../panel.module.css'
import { useSample } from '../samples.ts'
import { problemsAt, stepOf, useBuilder, useBuilderStore } from '../store.ts'
import { useStepInput } from '../use-step-input.ts'
import { RotateToken } from './RotateToken.tsx'
import { snippets } from './snippets.ts'
import { fetchWebhookAccess } from './webhook-access.ts'
import { useWebhookUrl } from './webhook-queries.ts'

const masked = 'ey••••••••••••••••'

/** Where to send to, who may, and how: everything that is pasted into another app. */
export function SetupTab({ stepRef }: { stepRef: string }) {
  const store = useBuilderStore()
  const url = useWebhookUrl()
  const tokenEnabled = useBuilder((state) => state.document.settings.webhook_token_enabled)
  const { input, set } = useStepInput(stepRef)
  const isAsync = input.async === true
  return (
    <div className={classes.sections}>
      <section className={classes.section}>
        <h3 className={classes.heading}>Endpoint</h3>
        <div className={classes.copyRow}>
          <output className={classes.readout} data-testid="webhook-url" aria-label="Webhook URL">
            {url}
          </output>
          <CopyButton value={url} label="Copy URL" />
        </div>
        <PublicUrlWarning />
        <p className={classes.note}>One URL for good. What happens to a request depends on the flow’s status alone.</p>
      </section>

      <section className={classes.section}>
        <h3 className={classes.heading}>Security</h3>
        <Switch
          label="Require a Bearer token"
          checked={tokenEnabled}
          onChange={(event) =>
            store.getState().edit({
              kind: 'set_flow',
              change: {},
              settings: { webhook_token_enabled: event.currentTarget.checked },
            })
          }
        />
        {tokenEnabled ? (
          <TokenField />
        ) : (
          <p className={classes.danger} role="alert">
            <TriangleAlert size={15} aria-hidden /> Anyone who knows the URL can run this flow
          </p>
        )}
        <CopyAs url={url} tokenEnabled={tokenEnabled} />
        <p className={classes.note}>
          A personal access token with the scope <code>automation.webhook_run</code>, <code>automation.manage</code> or{' '}
          <code>automation</code> works too, on every webhook flow.
        </p>
      </section>

      <section className={classes.section}>
        <h3 className={classes.heading}>Behaviour</h3>
        <Switch
          label="Answer at once (async)"
          description={
            isAsync
              ? 'The sender gets 200 null immediately; the flow runs afterwards.'
              : 'Off: the sender waits for the flow and gets the configured response.'
          }
          checked={isAsync}
          onChange={(event) => set({ ...input, async: event.currentTarget.checked })}
        />
      </section>

      <section className={classes.section}>
        <h3 className={classes.heading}>Requests</h3>
        <RequestForm stepRef={stepRef} />
      </section>
    </div>
  )
}

/** Which requests are taken, how long a sender waits, and when two requests are one: as the step's own schema has it. */
const requestFields = ['methods', 'timeout_seconds', 'deduplication']

function RequestForm({ stepRef }: { stepRef: string }) {
  const { input, set } = useStepInput(stepRef)
  const form = useBuilder(({ catalogue, document }) => {
    const step = stepOf(document, stepRef)
    return step && (catalogue.action(step)?.form as FieldSchema | undefined)
  })
  const problems = useBuilder((state) => state.problems)
  const schema = useMemo(
    (): FieldSchema => ({
      properties: Object.fromEntries(
        Object.entries(form?.properties ?? {}).filter(([name]) => requestFields.includes(name)),
      ),
    }),
    [form],
  )
  const serverProblems = useMemo(() => problemsAt(problems, stepRef), [problems, stepRef])
  return <SettingsForm schema={schema} values={input} onChange={set} serverProblems={serverProblems} />
}

/** The token: in the page only while it is shown. Leaving the panel forgets it. */
function TokenField() {
  const flowId = useBuilder((state) => state.flowId)
  const [shown, setShown] = useState<string | null>(null)
  const [problem, setProblem] = useState<string | null>(null)
  const [rotating, setRotating] = useState(false)
  const fetchToken = async () => (await fetchWebhookAccess(flowId)).token
  const toggle = async () => {
    if (shown !== null) return setShown(null)
    try {
      setProblem(null)
      setShown(await fetchToken())
    } catch (error) {
      setProblem(messageOf(error))
    }
  }
  return (
    <>
      <div className={classes.copyRow}>
        <output className={classes.readout} data-testid="webhook-token" aria-label="Bearer token">
          {shown ?? masked}
        </output>
        <Tooltip label={shown === null ? 'Reveal token' : 'Hide token'}>
          <ActionIcon
            size="lg"
            variant="default"
            onClick={toggle}
            aria-pressed={shown !== null}
            aria-label="Reveal token"
          >
            {shown === null ? <Eye size={15} aria-hidden /> : <EyeOff size={15} aria-hidden />}
          </ActionIcon>
        </Tooltip>
        <CopyButton value={fetchToken} label="Copy token" onError={(error) => setProblem(messageOf(error))} />
        <Tooltip label="Regenerate token">
          <ActionIcon size="lg" variant="default" onClick={() => setRotating(true)} aria-label="Regenerate token">
            <RefreshCw size={15} aria-hidden />
          </ActionIcon>
        </Tooltip>
      </div>
      {problem ? (
        <p className={classes.danger} role="alert">
          {problem}
        </p>
      ) : null}
      <RotateToken
        opened={rotating}
        onClose={() => setRotating(false)}
        onRotated={(token) => setShown((before) => (before === null ? null : token))}
      />
    </>
  )
}

/** The request, ready to be pasted, with the real token and the current sample as its body. */
function CopyAs({ url, tokenEnabled }: { url: string; tokenEnabled: boolean }) {
  const flowId = useBuilder((state) => state.flowId)
  const { sample } = useSample()
  const [done, setDone] = useState<string | null>(null)
  const copy = async (name: string) => {
    const snippet = snippets.find((each) => each.name === name)
    if (snippet === undefined) return
    try {
      const token = tokenEnabled ? (await fetchWebhookAccess(flowId)).token : null
      await copyText(snippet.write({ url, token, body: stringifyJson(sample.body) }))
      setDone(`Copied as ${name}`)
      announce(`Copied as ${name}`)
    } catch (error) {
      setDone(messageOf(error))
    }
  }
  return (
    <div className={classes.inline}>
      <Menu position="bottom-start" width={200}>
        <Menu.Target>
          <Button variant="default" rightSection={<ChevronDown size={14} aria-hidden />}>
            Copy as…
          </Button>
        </Menu.Target>
        <Menu.Dropdown aria-label="Copy as">
          {snippets.map(({ name }) => (
            <Menu.Item key={name} onClick={() => void copy(name)}>
              {name}
            </Menu.Item>
          ))}
        </Menu.Dropdown>
      </Menu>
      {done ? <span className={classes.note}>{done}</span> : null}
    </div>
  )
}
