import { Modal } from '@mantine/core'
import { useDebouncedValue } from '@mantine/hooks'
import { useQuery } from '@tanstack/react-query'
import { useNavigate } from '@tanstack/react-router'
import { CornerDownLeft, Search } from 'lucide-react'
import { type KeyboardEvent, useId, useState } from 'react'
import { flowsQuery } from '../flows/flow-queries.ts'
import classes from './CommandPalette.module.css'
import { places } from './navigation.ts'
import { closePalette, openPalette, type PaletteCommand, showSheet, usePalette } from './palette-state.ts'
import { isTyping, useKeys, useSingleKeys } from './shortcuts.ts'

const maxFlows = 20
/** How long the second key of `g f` may take. */
const sequenceMs = 1_200

/** Ctrl K: flows by name, places, and the commands of the page; also the home of the keys that work anywhere. */
export function CommandPalette() {
  const isOpen = usePalette((state) => state.isOpen)
  useGlobalKeys()
  return (
    <Modal
      opened={isOpen}
      onClose={closePalette}
      withCloseButton={false}
      padding={0}
      size={560}
      yOffset="12vh"
      centered={false}
      aria-label="Command palette"
      transitionProps={{ duration: 80 }}
    >
      <Finder />
    </Modal>
  )
}

function Finder() {
  const [text, setText] = useState('')
  const [search] = useDebouncedValue(text.trim(), 150)
  const [at, setAt] = useState(0)
  const listId = useId()
  const navigate = useNavigate()
  const offered = usePalette((state) => state.commands)
  const flows = useQuery(flowsQuery({ q: search, limit: maxFlows }))

  const items: PaletteCommand[] = [
    ...(flows.data?.data ?? [])
      .filter(({ name }) => matches(name, text))
      .map(({ id, name }) => ({
        id: `flow-${id}`,
        label: name,
        keys: 'Flow',
        run: () => void navigate({ to: '/flows/$flowId', params: { flowId: id } }),
      })),
    ...offered.filter(({ label }) => matches(label, text)),
    ...places
      .filter(({ label }) => matches(label, text))
      .map(({ label, to, key }) => ({
        id: to,
        label: `Go to ${label}`,
        keys: `g ${key}`,
        run: () => void navigate({ to }),
      })),
    ...[{ id: 'sheet', label: 'Keyboard shortcuts', keys: '?', run: () => showSheet(true) }].filter(({ label }) =>
      matches(label, text),
    ),
  ]
  const current = Math.min(at, items.length - 1)
  const run = (item: PaletteCommand | undefined) => {
    if (item === undefined) return
    closePalette()
    item.run()
  }
  const onKeyDown = (event: KeyboardEvent) => {
    const next = { ArrowDown: current + 1, ArrowUp: current - 1, Home: 0, End: items.length - 1 }[event.key]
    if (next !== undefined) {
      event.preventDefault()
      setAt((next + items.length) % items.length)
    } else if (event.key === 'Enter' && !flows.isFetching && search === text.trim()) {
      event.preventDefault()
      run(items[current])
    } else if (event.key === 'Enter') {
      // The list still belongs to an earlier word; what can be chosen is what matches already.
      event.preventDefault()
      run(items.find(({ id }) => id.startsWith('flow-')) ?? items[current])
    }
  }
  return (
    <div className={classes.finder}>
      <div className={classes.field}>
        <Search size={18} aria-hidden />
        <input
          className={classes.input}
          value={text}
          onChange={(event) => {
            setText(event.currentTarget.value)
            setAt(0)
          }}
          onKeyDown={onKeyDown}
          placeholder="Find a flow, go somewhere, do something…"
          role="combobox"
          aria-label="Find a flow or command"
          aria-expanded="true"
          aria-controls={listId}
          aria-activedescendant={items.length > 0 ? `${listId}-${current}` : undefined}
          data-autofocus
        />
      </div>
      <div id={listId} role="listbox" aria-label="Results" className={classes.list}>
        {items.map((item, index) => (
          // biome-ignore lint/a11y/useKeyWithClickEvents: the combobox above has the focus and the keys of this list.
          <div
            key={item.id}
            id={`${listId}-${index}`}
            role="option"
            tabIndex={-1}
            aria-selected={index === current}
            className={classes.item}
            onPointerMove={() => setAt(index)}
            onClick={() => run(item)}
          >
            <span className={classes.label}>{item.label}</span>
            <span className={classes.keys}>{item.keys}</span>
            {index === current ? <CornerDownLeft size={14} aria-hidden /> : null}
          </div>
        ))}
      </div>
      {items.length === 0 ? <p className={classes.none}>Nothing called “{text}”.</p> : null}
    </div>
  )
}

function matches(label: string, text: string): boolean {
  return label.toLowerCase().includes(text.trim().toLowerCase())
}

/** Ctrl K, `?`, and `g` followed by a place's letter. */
function useGlobalKeys() {
  const navigate = useNavigate()
  const singleKeys = useSingleKeys((state) => state.on)
  const [began, setBegan] = useState(0)
  useKeys((event) => {
    const ctrl = event.ctrlKey || event.metaKey
    if (ctrl && !event.shiftKey && !event.altKey && event.key.toLowerCase() === 'k') {
      event.preventDefault()
      usePalette.getState().isOpen ? closePalette() : openPalette()
      return
    }
    if (ctrl || event.altKey || isTyping(event.target) || !singleKeys) return
    if (event.key === '?') {
      event.preventDefault()
      showSheet(true)
    } else if (event.key === 'g') {
      setBegan(event.timeStamp)
    } else if (began > 0 && event.timeStamp - began < sequenceMs) {
      setBegan(0)
      const place = places.find(({ key }) => key === event.key)
      if (place === undefined) return
      event.preventDefault()
      event.stopPropagation()
      void navigate({ to: place.to })
    }
  })
}
