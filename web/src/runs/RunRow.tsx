import { ActionIcon, Checkbox, Menu } from '@mantine/core'
import { Link } from '@tanstack/react-router'
import { Ban, Hammer, Link2, MoreHorizontal, RotateCcw, StepForward } from 'lucide-react'
import { memo } from 'react'
import { announce } from '../components/Announcer.tsx'
import { copyText } from '../components/CopyButton.tsx'
import { Foreign } from '../components/Foreign.tsx'
import { StatusBadge } from '../components/StatusBadge.tsx'
import { durationText } from '../components/TimeAgo.tsx'
import classes from './RunRow.module.css'
import table from './RunTable.module.css'
import { useCancel, useRerun } from './run-actions.ts'
import { hasEnded, type RunJson } from './run-queries.ts'
import { shortId, startedText } from './run-words.ts'
import { freshRun } from './use-run-search.ts'

interface RunRowProps {
  run: RunJson
  isOpen: boolean
  isChosen: boolean
  toggle: (id: string) => void
  open: (id: string) => void
}

/** One run of the list. */
export const RunRow = memo(function RunRow({ run, isOpen, isChosen, toggle, open }: RunRowProps) {
  const name = run.flow_name ?? 'Deleted flow'
  return (
    <tr
      data-run={run.id}
      className={classes.row}
      data-open={isOpen || undefined}
      data-chosen={isChosen || undefined}
      onClick={(event) => {
        if (!(event.target as HTMLElement).closest('a, button, input, label, [role="menu"]')) open(run.id)
      }}
    >
      <td className={table.check}>
        <Checkbox
          size="xs"
          aria-label={`Select run ${shortId(run.id)}`}
          checked={isChosen}
          onChange={() => toggle(run.id)}
        />
      </td>
      <td>
        <StatusBadge status={run.status} />
      </td>
      <td data-wide className={classes.id}>
        {shortId(run.id)}
      </td>
      <td>
        <div className={classes.flow}>
          <Link
            from="/runs"
            to="/runs"
            search={(before) => ({ ...before, run: run.id, ...freshRun })}
            resetScroll={false}
            className={classes.link}
            aria-current={isOpen ? 'true' : undefined}
            aria-label={`${name}, run ${shortId(run.id)}`}
          >
            <Foreign>{name}</Foreign>
          </Link>
          {run.live ? null : <span className={classes.draft}>Draft</span>}
        </div>
        <Summary run={run} narrow />
      </td>
      <td data-wide>
        <Summary run={run} />
      </td>
      <td className={classes.time}>
        <time dateTime={run.started_at} title={new Date(run.started_at).toLocaleString()}>
          {startedText(run.started_at)}
        </time>
      </td>
      <td className={table.duration}>{run.duration_ms === null ? '–' : durationText(run.duration_ms)}</td>
      <td className={table.answer} data-wide>
        <span className={classes.answer} data-bad={(run.answer_status ?? 0) >= 400 || undefined}>
          {run.answer_status ?? '–'}
        </span>
      </td>
      <td className={table.menu}>
        <RowMenu run={run} open={open} />
      </td>
    </tr>
  )
})

/** What tells runs of one flow apart: its title, and what went wrong. */
function Summary({ run, narrow }: { run: RunJson; narrow?: boolean }) {
  const error = run.error === null ? null : `${run.error.ref}: ${run.error.message}`
  if (run.title === null && error === null) return null
  return (
    <div className={narrow ? classes.narrowSummary : classes.summary}>
      {run.title === null ? null : <Foreign className={classes.title}>{run.title}</Foreign>}
      {error === null ? null : <Foreign className={classes.error}>{error}</Foreign>}
    </div>
  )
}

function RowMenu({ run, open }: { run: RunJson; open: (id: string) => void }) {
  const again = useRerun(open)
  const cancel = useCancel()
  const failedAt = run.error?.ref
  const copyLink = () =>
    void copyText(`${window.location.origin}/runs?run=${run.id}`).then(() => announce('Link to the run copied'))
  return (
    <Menu position="bottom-end" width={230}>
      <Menu.Target>
        <ActionIcon className={classes.more} aria-label={`Actions of run ${shortId(run.id)}`} loading={again.isPending}>
          <MoreHorizontal size={16} aria-hidden />
        </ActionIcon>
      </Menu.Target>
      <Menu.Dropdown aria-label="Actions of the run">
        <Menu.Item leftSection={<RotateCcw size={15} aria-hidden />} onClick={() => again.mutate({ run })}>
          Run again
        </Menu.Item>
        {failedAt === undefined ? null : (
          <Menu.Item
            leftSection={<StepForward size={15} aria-hidden />}
            onClick={() => again.mutate({ run, from: failedAt })}
          >
            Retry from {failedAt}
          </Menu.Item>
        )}
        {hasEnded(run) ? null : (
          <Menu.Item leftSection={<Ban size={15} aria-hidden />} onClick={() => cancel.mutate(run.id)}>
            Cancel run
          </Menu.Item>
        )}
        <Menu.Item leftSection={<Link2 size={15} aria-hidden />} onClick={copyLink}>
          Copy link
        </Menu.Item>
        {run.flow_name === null ? null : (
          <Menu.Item
            component="a"
            href={`/flows/${run.flow_id}?run=${run.id}`}
            leftSection={<Hammer size={15} aria-hidden />}
          >
            Open in builder
          </Menu.Item>
        )}
      </Menu.Dropdown>
    </Menu>
  )
}
