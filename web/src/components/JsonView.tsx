import { ChevronDown, ChevronRight } from 'lucide-react'
import { type KeyboardEvent, type MouseEvent, useMemo, useRef, useState } from 'react'
import type { Json } from '../../../src/flow/json.ts'
import { Foreign } from './Foreign.tsx'
import classes from './JsonView.module.css'
import { type JsonRow, jsonRows } from './json-rows.ts'

interface JsonViewProps {
  value: Json
  /** What the tree is called by screen readers, as "Input". */
  label: string
  /** The root's name, as `web1`; without one only the members are shown. */
  rootName?: string
  /** Levels that start unfolded. */
  openLevels?: number
  /** Click and Enter do this with a row, as inserting it into a template. */
  onPick?: (row: JsonRow) => void
  maxHeight?: number
}

const rowHeight = 26
/** Up to here all rows are in the page, so that the browser's own search finds them. */
const maxPlainRows = 300
const overscan = 12

/** A JSON value as a tree: one tab stop, arrow keys, folding, and only the rows in view once there are many. */
export function JsonView({ value, label, rootName, openLevels = 2, onPick, maxHeight = 420 }: JsonViewProps) {
  const [toggled, setToggled] = useState<ReadonlySet<string>>(new Set())
  const [focused, setFocused] = useState<string | null>(null)
  const [scrollTop, setScrollTop] = useState(0)
  const box = useRef<HTMLDivElement>(null)

  const rows = useMemo(
    () => jsonRows(value, rootName ?? '', (id, level) => level <= openLevels !== toggled.has(id)),
    [value, rootName, openLevels, toggled],
  )
  const hasMembers = (rows[0]?.size ?? 0) > 0
  const shown = rootName === undefined && hasMembers ? rows.slice(1) : rows
  const current = Math.max(
    0,
    shown.findIndex(({ id }) => id === focused),
  )

  const toggle = (row: JsonRow) => {
    setToggled((before) => new Set(before).symmetricDifference(new Set([row.id])))
  }
  const focusRow = (index: number) => {
    const row = shown[Math.max(0, Math.min(index, shown.length - 1))]
    if (row === undefined) return
    setFocused(row.id)
    const top = shown.indexOf(row) * rowHeight
    const list = box.current
    if (list && (top < list.scrollTop || top + rowHeight > list.scrollTop + list.clientHeight)) {
      list.scrollTop = top - list.clientHeight / 2
    }
    requestAnimationFrame(() => list?.querySelector<HTMLElement>('[tabindex="0"]')?.focus({ preventScroll: true }))
  }
  const act = (row: JsonRow) => {
    if (onPick) onPick(row)
    else if (row.size > 0) toggle(row)
  }
  const onKeyDown = (event: KeyboardEvent) => {
    const row = shown[current]
    if (row === undefined || event.ctrlKey || event.metaKey || event.altKey) return
    const move = moveOf(event.key, row, current, shown)
    if (move === undefined) return
    event.preventDefault()
    if (move === 'toggle') toggle(row)
    else if (move === 'act') act(row)
    else focusRow(move)
  }
  const onClick = (event: MouseEvent) => {
    const target = event.target as HTMLElement
    const index = Number(target.closest<HTMLElement>('[data-index]')?.dataset.index ?? -1)
    const row = shown[index]
    if (row === undefined) return
    setFocused(row.id)
    if (row.size > 0 && (target.closest('[data-chevron]') || !onPick)) toggle(row)
    else act(row)
  }

  const windowed = shown.length > maxPlainRows
  const first = windowed ? Math.max(0, Math.floor(scrollTop / rowHeight) - overscan) : 0
  const last = windowed ? Math.ceil((scrollTop + maxHeight) / rowHeight) + overscan : shown.length
  return (
    <div
      ref={box}
      role="tree"
      aria-label={label}
      className={classes.tree}
      style={{ maxHeight }}
      onKeyDown={onKeyDown}
      onClick={onClick}
      onFocus={({ target }) => {
        const row = shown[Number((target as HTMLElement).dataset.index ?? -1)]
        if (row !== undefined) setFocused(row.id)
      }}
      onScroll={windowed ? (event) => setScrollTop(event.currentTarget.scrollTop) : undefined}
    >
      <div
        role="presentation"
        style={{ paddingTop: first * rowHeight, paddingBottom: Math.max(0, shown.length - last) * rowHeight }}
      >
        {shown.slice(first, last).map((row, offset) => (
          <Row
            key={row.id}
            row={row}
            index={first + offset}
            current={first + offset === current}
            indent={row.level - (rootName === undefined && hasMembers ? 2 : 1)}
            pickable={onPick !== undefined}
          />
        ))}
      </div>
    </div>
  )
}

function Row({
  row,
  index,
  current,
  indent,
  pickable,
}: {
  row: JsonRow
  index: number
  current: boolean
  indent: number
  pickable: boolean
}) {
  const folds = row.size > 0
  return (
    <div
      role="treeitem"
      aria-level={row.level}
      aria-setsize={row.siblings}
      aria-posinset={row.position}
      aria-selected={false}
      {...(folds ? { 'aria-expanded': row.open } : {})}
      tabIndex={current ? 0 : -1}
      data-index={index}
      data-pickable={pickable || undefined}
      className={classes.row}
      style={{ paddingInlineStart: 6 + indent * 16 }}
    >
      <span className={classes.chevron} data-chevron aria-hidden>
        {folds ? row.open ? <ChevronDown size={14} /> : <ChevronRight size={14} /> : null}
      </span>
      {row.name === '' ? null : <span className={classes.name}>{row.name}</span>}
      {row.kind === 'object' || row.kind === 'array' ? (
        <span className={classes.size}>{row.kind === 'array' ? `[${row.size}]` : `{${row.size}}`}</span>
      ) : (
        <Foreign className={classes.value} data-kind={row.kind}>
          {row.text}
        </Foreign>
      )}
    </div>
  )
}

/** What a key does on a row: an index to go to, folding, the row's action, or nothing. */
function moveOf(
  key: string,
  row: JsonRow,
  at: number,
  rows: readonly JsonRow[],
): number | 'toggle' | 'act' | undefined {
  switch (key) {
    case 'ArrowDown':
      return at + 1
    case 'ArrowUp':
      return at - 1
    case 'Home':
      return 0
    case 'End':
      return rows.length - 1
    case 'ArrowRight':
      return row.size === 0 ? undefined : row.open ? at + 1 : 'toggle'
    case 'ArrowLeft':
      return row.open
        ? 'toggle'
        : Math.max(
            0,
            rows.slice(0, at).findLastIndex(({ level }) => level < row.level),
          )
    case 'Enter':
    case ' ':
      return 'act'
    default:
      return undefined
  }
}
