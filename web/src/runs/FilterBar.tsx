import { ActionIcon, Button, SegmentedControl, Select, TextInput, Tooltip } from '@mantine/core'
import { useDebouncedCallback } from '@mantine/hooks'
import { useQuery } from '@tanstack/react-query'
import { FilterX, Search, Share2, X } from 'lucide-react'
import { type RefObject, useEffect, useState } from 'react'
import { type RunTrigger, runTriggers } from '../../../src/flow/run.ts'
import { announce } from '../components/Announcer.tsx'
import { copyText } from '../components/CopyButton.tsx'
import { flowsQuery } from '../flows/flow-queries.ts'
import classes from './FilterBar.module.css'
import { countText, type RunCount } from './run-queries.ts'
import { isFiltered, type RangeChoice, type RunSearch, type StatusChoice } from './run-search.ts'
import { shortId, startedText, triggerWords } from './run-words.ts'
import { useRunSearch } from './use-run-search.ts'

/** A query a key press would be too many: n8n ran out of memory on it. */
const searchDelayMs = 250
const listedFlows = 200

const statuses = [
  { value: 'all', label: 'All' },
  { value: 'success', label: 'Success' },
  { value: 'error', label: 'Error' },
  { value: 'running', label: 'Running' },
  { value: 'queued', label: 'Queued' },
  { value: 'cancelled', label: 'Cancelled' },
]

const ranges: { value: RangeChoice; label: string }[] = [
  { value: '1h', label: 'Last hour' },
  { value: '24h', label: 'Last 24 hours' },
  { value: '7d', label: 'Last 7 days' },
  { value: '30d', label: 'Last 30 days' },
]

export const noFilter = {
  status: undefined,
  flow: undefined,
  trigger: undefined,
  mode: undefined,
  of: undefined,
  range: undefined,
  from: undefined,
  to: undefined,
  q: undefined,
} satisfies Partial<Record<keyof RunSearch, undefined>>

/** All filters of the list; each of them stands in the URL. */
export function FilterBar({
  searchBox,
  count,
}: {
  searchBox: RefObject<HTMLInputElement | null>
  /** How many runs match; undefined while that is not known. */
  count: RunCount | undefined
}) {
  const [search, setSearch] = useRunSearch()
  const flows = useQuery(flowsQuery({ limit: listedFlows }))
  const share = () => void copyText(window.location.href).then(() => announce('Link to this view copied'))
  const flowChoices = (flows.data?.data ?? []).map(({ id, name }) => ({ value: id, label: name }))
  if (search.flow !== undefined && !flowChoices.some(({ value }) => value === search.flow)) {
    flowChoices.push({ value: search.flow, label: 'This flow' })
  }
  return (
    <search className={classes.bar} aria-label="Filter runs">
      <div className={classes.statuses}>
        <SegmentedControl
          size="xs"
          aria-label="Status"
          data={statuses}
          value={search.status ?? 'all'}
          onChange={(value) => setSearch({ status: value === 'all' ? undefined : (value as StatusChoice) })}
        />
      </div>
      <Choice
        label="Flow"
        none="All flows"
        data={flowChoices}
        value={search.flow}
        onChange={(flow) => setSearch({ flow })}
        searchable
      />
      <Choice
        label="Trigger"
        none="All triggers"
        data={runTriggers.map((value) => ({ value, label: triggerWords[value] }))}
        value={search.trigger}
        onChange={(trigger) => setSearch({ trigger: trigger as RunTrigger | undefined })}
      />
      <Choice
        label="Draft or live"
        none="Draft, live"
        data={[
          { value: 'live', label: 'Live only' },
          { value: 'draft', label: 'Draft only' },
        ]}
        value={search.mode}
        onChange={(mode) => setSearch({ mode: mode as RunSearch['mode'] })}
      />
      {search.from === undefined && search.to === undefined ? (
        <Choice
          label="Time"
          none="Any time"
          data={ranges}
          value={search.range}
          onChange={(range) => setSearch({ range: range as RangeChoice | undefined })}
        />
      ) : (
        <Button
          size="xs"
          variant="default"
          rightSection={<X size={13} aria-hidden />}
          onClick={() => setSearch({ from: undefined, to: undefined })}
          aria-label={`Time from ${timeText(search.from)} to ${timeText(search.to)}: show any time`}
        >
          {timeText(search.from)} – {timeText(search.to)}
        </Button>
      )}
      {search.of === undefined ? null : (
        <Button
          size="xs"
          variant="default"
          rightSection={<X size={13} aria-hidden />}
          onClick={() => setSearch({ of: undefined })}
          aria-label={`Re-runs of ${shortId(search.of)}: show all runs`}
        >
          Re-runs of {shortId(search.of)}
        </Button>
      )}
      <SearchBox boxRef={searchBox} />
      <output className={classes.count} aria-label="Runs that match">
        {count === undefined || (count.count === 0 && !isFiltered(search)) ? '' : countText(count)}
      </output>
      {isFiltered(search) ? (
        <Tooltip label="Clear filters">
          <ActionIcon size="md" aria-label="Clear filters" onClick={() => setSearch(noFilter)}>
            <FilterX size={15} aria-hidden />
          </ActionIcon>
        </Tooltip>
      ) : null}
      <Tooltip label="Copy link to this view">
        <ActionIcon size="md" aria-label="Copy link to this view" onClick={share}>
          <Share2 size={15} aria-hidden />
        </ActionIcon>
      </Tooltip>
    </search>
  )
}

/** The text follows the URL, and the URL follows the text after a pause. */
function SearchBox({ boxRef }: { boxRef: RefObject<HTMLInputElement | null> }) {
  const [search, setSearch] = useRunSearch()
  const [text, setText] = useState(search.q ?? '')
  const commit = useDebouncedCallback((value: string) => {
    setSearch({ q: value.trim() === '' ? undefined : value.trim() }, { replace: true })
  }, searchDelayMs)
  const shown = search.q ?? ''
  // biome-ignore lint/correctness/useExhaustiveDependencies: only a change of the URL from outside, as by Back, may replace what is typed.
  useEffect(() => {
    if (shown !== text.trim()) setText(shown)
  }, [shown])
  return (
    <TextInput
      ref={boxRef}
      className={classes.search}
      size="xs"
      type="search"
      maxLength={500}
      aria-label="Search ids, payloads and errors"
      placeholder="Search, or key:value"
      leftSection={<Search size={14} aria-hidden />}
      value={text}
      onChange={(event) => {
        setText(event.currentTarget.value)
        commit(event.currentTarget.value)
      }}
      onKeyDown={(event) => {
        if (event.key === 'Escape') event.currentTarget.blur()
      }}
    />
  )
}

function Choice({
  label,
  none,
  data,
  value,
  onChange,
  searchable = false,
}: {
  label: string
  none: string
  data: { value: string; label: string }[]
  value: string | undefined
  onChange: (value: string | undefined) => void
  searchable?: boolean
}) {
  return (
    <Select
      size="xs"
      className={classes.choice}
      aria-label={label}
      comboboxProps={{ width: 'max-content', position: 'bottom-start', shadow: 'md' }}
      maxDropdownHeight={320}
      placeholder={none}
      searchable={searchable}
      clearable
      clearButtonProps={{ 'aria-label': `${label}: ${none}` }}
      data={data}
      value={value ?? null}
      onChange={(chosen) => onChange(chosen ?? undefined)}
      nothingFoundMessage="Nothing by this name"
    />
  )
}

function timeText(time: string | undefined): string {
  return time === undefined ? '…' : startedText(time)
}
