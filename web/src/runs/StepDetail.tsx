import { Tabs } from '@mantine/core'
import { Foreign } from '../components/Foreign.tsx'
import { isolated } from '../components/foreign-text.ts'
import { StatusBadge } from '../components/StatusBadge.tsx'
import { durationText } from '../components/TimeAgo.tsx'
import type { FlowJson } from '../flows/flow-queries.ts'
import { CopyCurl } from './CopyCurl.tsx'
import { DiffTab } from './DiffTab.tsx'
import { ErrorCard } from './ErrorCard.tsx'
import { HttpTab } from './HttpTab.tsx'
import { LogsTab } from './LogsTab.tsx'
import { Payload } from './Payload.tsx'
import { RequestTab } from './RequestTab.tsx'
import type { RunJson, StepJson } from './run-queries.ts'
import type { StepTab } from './run-search.ts'
import { startedText } from './run-words.ts'
import classes from './StepDetail.module.css'
import { useStepTitles } from './step-titles.ts'
import { useRunSearch } from './use-run-search.ts'

interface StepDetailProps {
  run: RunJson
  step: StepJson
  version: FlowJson | undefined
  /** Whether this is the step that a kept request started. */
  hasRequest: boolean
  open: (runId: string) => void
}

const noSteps: FlowJson['steps'] = []

/** One attempt of a step: its error first, then what went in and what came out. */
export function StepDetail({ run, step, version, hasRequest, open }: StepDetailProps) {
  const [search, setSearch] = useRunSearch()
  const title = useStepTitles(version?.steps ?? noSteps)(step.ref)
  const hasHttp = step.request_url !== null || step.response_code !== null
  const wanted = search.tab ?? (step.status === 'success' && step.seq > 0 ? 'output' : 'input')
  const isThere = wanted === 'http' ? hasHttp : wanted === 'request' ? hasRequest : true
  const tab: StepTab = isThere ? wanted : step.seq === 0 ? 'input' : 'output'
  return (
    <div className={classes.step}>
      <div className={classes.head}>
        <h3 className={classes.title}>
          <Foreign>{title}</Foreign> <code>{step.ref}</code>
        </h3>
        <StatusBadge status={step.status} />
        <span className={classes.facts}>
          {durationText(Date.parse(step.ended_at) - Date.parse(step.started_at))}
          {step.attempt > 1 ? ` · attempt ${step.attempt}` : ''}
          {step.label === null ? '' : ` · took “${isolated(step.label)}”`}
        </span>
        {hasRequest && run.trigger === 'webhook' && run.flow_name !== null ? <CopyCurl run={run} /> : null}
      </div>
      {step.resume_at !== null && (step.status === 'retrying' || step.status === 'waiting') ? (
        <p className={classes.next}>
          {step.status === 'retrying' ? 'Next try' : 'Goes on'} at {startedText(step.resume_at)}
        </p>
      ) : null}
      {step.error === null ? null : (
        <ErrorCard run={run} step={step} error={step.error} auth={authOf(version, step.ref)} open={open} />
      )}
      <Tabs
        value={tab}
        onChange={(chosen) =>
          setSearch({ tab: (chosen ?? undefined) as StepTab | undefined, with: undefined }, { replace: true })
        }
        keepMounted={false}
        classNames={{ list: classes.tabs ?? '' }}
      >
        <Tabs.List aria-label="What the step did">
          <Tabs.Tab value="input">Input</Tabs.Tab>
          <Tabs.Tab value="output">Output</Tabs.Tab>
          {hasRequest ? <Tabs.Tab value="request">Request</Tabs.Tab> : null}
          {hasHttp ? <Tabs.Tab value="http">HTTP</Tabs.Tab> : null}
          <Tabs.Tab value="logs">Logs</Tabs.Tab>
          <Tabs.Tab value="diff">Diff</Tabs.Tab>
        </Tabs.List>
        <Tabs.Panel value="input">
          <Payload runId={run.id} seq={step.seq} side="input" bytes={step.input_size} />
        </Tabs.Panel>
        <Tabs.Panel value="output">
          <Payload runId={run.id} seq={step.seq} side="output" bytes={step.output_size} />
        </Tabs.Panel>
        <Tabs.Panel value="request">
          <RequestTab runId={run.id} />
        </Tabs.Panel>
        <Tabs.Panel value="http">
          <HttpTab runId={run.id} step={step} />
        </Tabs.Panel>
        <Tabs.Panel value="logs">
          <LogsTab run={run} step={step} />
        </Tabs.Panel>
        <Tabs.Panel value="diff">
          <DiffTab run={run} />
        </Tabs.Panel>
      </Tabs>
    </div>
  )
}

function authOf(version: FlowJson | undefined, ref: string): string | null {
  return version?.steps.find((step) => step.ref === ref)?.auth ?? null
}
