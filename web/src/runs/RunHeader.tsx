import { ActionIcon, Button, Tooltip } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import { ArrowLeft, Ban, Hammer, X } from 'lucide-react'
import { CopyButton } from '../components/CopyButton.tsx'
import { Foreign } from '../components/Foreign.tsx'
import { StatusBadge } from '../components/StatusBadge.tsx'
import { durationText, TimeAgo } from '../components/TimeAgo.tsx'
import { type FlowJson, flowQuery } from '../flows/flow-queries.ts'
import { Rerun } from './Rerun.tsx'
import classes from './RunHeader.module.css'
import { useCancel } from './run-actions.ts'
import { hasEnded, type OneRunJson, type RunJson, requestQuery, type StepJson } from './run-queries.ts'
import { shortId, startedText, triggerWords } from './run-words.ts'
import { freshRun } from './use-run-search.ts'

interface RunHeaderProps {
  run: OneRunJson
  records: readonly StepJson[]
  version: FlowJson | undefined
  open: (runId: string) => void
  close: () => void
}

/** What a run is, where it came from, and what can be done with it. */
export function RunHeader({ run, records, version, open, close }: RunHeaderProps) {
  const cancel = useCancel()
  const failedRef = run.error?.ref ?? records.find(({ status }) => status === 'error')?.ref
  return (
    <header className={classes.header}>
      <div className={classes.top}>
        <ActionIcon className={classes.back} size="lg" aria-label="Back to the runs" onClick={close}>
          <ArrowLeft size={18} aria-hidden />
        </ActionIcon>
        <StatusBadge status={run.status} />
        <h2 className={classes.title}>
          <Foreign>{run.title ?? run.flow_name ?? 'Deleted flow'}</Foreign>
        </h2>
        <code className={classes.id} title={run.id}>
          {shortId(run.id)}
        </code>
        <CopyButton label="Copy run id" value={run.id} />
        <Tooltip label="Close">
          <ActionIcon className={classes.close} size="lg" aria-label="Close run" onClick={close}>
            <X size={17} aria-hidden />
          </ActionIcon>
        </Tooltip>
      </div>
      <Facts run={run} version={version} hasRequest={wasRequested(run, records)} />
      <Relatives run={run} />
      <div className={classes.actions}>
        <Rerun run={run} failedRef={failedRef} open={open} />
        {hasEnded(run) ? null : (
          <Button
            size="xs"
            variant="default"
            leftSection={<Ban size={14} aria-hidden />}
            onClick={() => cancel.mutate(run.id)}
            loading={cancel.isPending}
          >
            Cancel run
          </Button>
        )}
        {run.flow_name === null ? null : (
          <Button
            component="a"
            href={`/flows/${run.flow_id}?run=${run.id}${failedRef === undefined ? '' : `&step=${failedRef}`}`}
            size="xs"
            variant="default"
            leftSection={<Hammer size={14} aria-hidden />}
          >
            Open in builder with this data
          </Button>
        )}
      </div>
    </header>
  )
}

/** Whether there is a request to be shown: one started the run, and its data is kept. */
export function wasRequested(run: Pick<RunJson, 'trigger'>, records: readonly StepJson[]): boolean {
  return (run.trigger === 'webhook' || run.trigger === 'connector') && records.some(({ seq }) => seq === 0)
}

function Facts({ run, version, hasRequest }: { run: RunJson; version: FlowJson | undefined; hasRequest: boolean }) {
  const current = useQuery({ ...flowQuery(run.flow_id), enabled: run.flow_name !== null })
  const request = useQuery({ ...requestQuery(run.id), enabled: hasRequest })
  const newer = current.data !== undefined && current.data.version !== run.flow_version ? current.data.version : null
  const isAsync = version?.webhook?.async
  return (
    <p className={classes.facts}>
      {run.flow_name === null ? (
        <span>Deleted flow</span>
      ) : (
        <Link to="/flows/$flowId" params={{ flowId: run.flow_id }}>
          <Foreign>{run.flow_name}</Foreign>
        </Link>
      )}
      <span>{triggerWords[run.trigger]}</span>
      {run.trigger !== 'webhook' || isAsync === undefined ? null : <span>{isAsync ? 'async' : 'sync'}</span>}
      <span>
        v{run.flow_version}
        {newer === null ? null : <span className={classes.newer}> (current v{newer})</span>}
      </span>
      {run.answer_status === null ? null : <span>answered {run.answer_status}</span>}
      {run.live ? null : <span className={classes.draft}>Draft</span>}
      <span title={new Date(run.started_at).toLocaleString()}>
        {startedText(run.started_at)} · <TimeAgo at={run.started_at} />
      </span>
      {run.duration_ms === null ? null : <span>{durationText(run.duration_ms)}</span>}
      {request.data?.ip ? <span>{request.data.ip}</span> : null}
      {run.resume_at !== null && !hasEnded(run) ? (
        <span className={classes.newer}>goes on at {startedText(run.resume_at)}</span>
      ) : null}
    </p>
  )
}

/** Of many re-runs the newest; the others are a list of their own. */
const namedReruns = 3

/** The runs before and after this one in the chain of runs again, linked both ways. */
function Relatives({ run }: { run: OneRunJson }) {
  const later = run.reruns.slice(0, namedReruns)
  if (run.rerun_of === null && later.length === 0) return null
  return (
    <p className={classes.relatives}>
      {run.rerun_of === null ? null : (
        <span>
          re-run of <RunLink id={run.rerun_of} />
        </span>
      )}
      {later.length === 0 ? null : (
        <span>
          re-run as{' '}
          {later.map(({ id, status }) => (
            <span key={id} className={classes.later}>
              <RunLink id={id} /> <StatusBadge status={status} bare />
            </span>
          ))}
          {run.reruns.length > namedReruns ? (
            <Link from="/runs" to="/runs" search={{ of: run.id }} className={classes.run}>
              all re-runs
            </Link>
          ) : null}
        </span>
      )}
    </p>
  )
}

function RunLink({ id }: { id: string }) {
  return (
    <Link
      from="/runs"
      to="/runs"
      search={(before) => ({ ...before, run: id, ...freshRun })}
      resetScroll={false}
      className={classes.run}
    >
      {shortId(id)}
    </Link>
  )
}
