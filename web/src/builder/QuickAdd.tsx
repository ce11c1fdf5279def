import { Modal } from '@mantine/core'
import { useReactFlow } from '@xyflow/react'
import { type KeyboardEvent, useId, useState } from 'react'
import { announce } from '../components/Announcer.tsx'
import classes from '../shell/CommandPalette.module.css'
import type { PaletteItem } from './catalogue.ts'
import type { Point } from './flow-document.ts'
import { findItems, useAddItem } from './Palette.tsx'
import { StepIcon } from './StepIcon.tsx'
import { useBuilder, useBuilderStore } from './store.ts'
import { announceAdded } from './use-palette-drag.ts'

/** `/` or a double click: name a step and press Enter. With a point, the step goes there. */
export function QuickAdd({
  open,
  onClose,
  onAdded,
}: {
  open: { at: Point | null } | null
  onClose: () => void
  onAdded: (ref: string) => void
}) {
  return (
    <Modal
      opened={open !== null}
      onClose={onClose}
      withCloseButton={false}
      padding={0}
      size={440}
      yOffset="16vh"
      centered={false}
      aria-label="Add a step"
      transitionProps={{ duration: 80 }}
    >
      <Finder at={open?.at ?? null} onClose={onClose} onAdded={onAdded} />
    </Modal>
  )
}

function Finder({ at, onClose, onAdded }: { at: Point | null; onClose: () => void; onAdded: (ref: string) => void }) {
  const store = useBuilderStore()
  const { screenToFlowPosition } = useReactFlow()
  const items = useBuilder((state) => state.catalogue.items)
  const [text, setText] = useState('')
  const [chosen, setChosen] = useState(0)
  const listId = useId()
  const addAfter = useAddItem(onAdded)
  const found = findItems(items, text)
  const current = Math.min(chosen, found.length - 1)

  const add = (item: PaletteItem | undefined) => {
    if (item === undefined) return
    onClose()
    if (at === null) return addAfter(item)
    const added = store.getState().addItem(item, { at: 'point', point: screenToFlowPosition(at) })
    if ('problem' in added) return announce(`${item.title} not added: ${added.problem}`)
    announceAdded(store, item.title, added.ref)
    onAdded(added.ref)
  }
  const onKeyDown = (event: KeyboardEvent) => {
    const next = { ArrowDown: current + 1, ArrowUp: current - 1 }[event.key]
    if (next !== undefined) {
      event.preventDefault()
      setChosen((next + found.length) % found.length)
    } else if (event.key === 'Enter') {
      event.preventDefault()
      add(found[current])
    }
  }
  return (
    <div className={classes.finder}>
      <div className={classes.field}>
        <input
          className={classes.input}
          value={text}
          onChange={(event) => {
            setText(event.currentTarget.value)
            setChosen(0)
          }}
          onKeyDown={onKeyDown}
          placeholder="Add a step…"
          role="combobox"
          aria-label="Add a step"
          aria-expanded="true"
          aria-controls={listId}
          aria-activedescendant={found.length > 0 ? `${listId}-${current}` : undefined}
          data-autofocus
        />
      </div>
      <div id={listId} role="listbox" aria-label="Steps" className={classes.list}>
        {found.map((item, index) => (
          // biome-ignore lint/a11y/useKeyWithClickEvents: the combobox above has the focus and the keys of this list.
          <div
            key={item.id}
            id={`${listId}-${index}`}
            role="option"
            tabIndex={-1}
            aria-selected={index === current}
            className={classes.item}
            onPointerMove={() => setChosen(index)}
            onClick={() => add(item)}
          >
            <StepIcon connector={item.connector} size={24} />
            <span className={classes.label}>{item.title}</span>
            <span className={classes.keys}>{item.group}</span>
          </div>
        ))}
      </div>
      {found.length === 0 ? <p className={classes.none}>No step called “{text}”.</p> : null}
    </div>
  )
}
