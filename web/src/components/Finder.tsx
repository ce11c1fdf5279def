import { Modal } from '@mantine/core'
import { CornerDownLeft, Search } from 'lucide-react'
import { type KeyboardEvent, type ReactNode, useId, useState } from 'react'
import classes from './Finder.module.css'

export interface FinderItem {
  id: string
  label: string
  /** At the end of its line: a key, a kind. */
  detail?: string | undefined
  icon?: ReactNode
}

interface FinderProps<Item extends FinderItem> {
  opened: boolean
  onClose: () => void
  /** What the dialog is called. */
  title: string
  /** What the text field is called. */
  label: string
  placeholder: string
  /** What matches a text, best first. */
  find: (text: string) => readonly Item[]
  /** Hears the text, when finding needs to ask elsewhere. */
  onText?: (text: string) => void
  onChoose: (item: Item) => void
  width: number
}

/** A dialog to find one thing by typing: arrows choose, Enter takes it. */
export function Finder<Item extends FinderItem>(props: FinderProps<Item>) {
  return (
    <Modal.Root
      opened={props.opened}
      onClose={props.onClose}
      size={props.width}
      yOffset="12vh"
      centered={false}
      transitionProps={{ duration: 80 }}
    >
      <Modal.Overlay backgroundOpacity={0.35} />
      <Modal.Content aria-label={props.title}>
        <Field {...props} />
      </Modal.Content>
    </Modal.Root>
  )
}

function Field<Item extends FinderItem>({ label, placeholder, find, onText, onChoose }: FinderProps<Item>) {
  const [text, setText] = useState('')
  const [at, setAt] = useState(0)
  const listId = useId()
  const items = find(text)
  const current = Math.min(at, items.length - 1)
  const change = (next: string) => {
    setText(next)
    setAt(0)
    onText?.(next)
  }
  const onKeyDown = (event: KeyboardEvent) => {
    const next = { ArrowDown: current + 1, ArrowUp: current - 1 }[event.key]
    const item = items[current]
    if (next !== undefined) setAt((next + items.length) % Math.max(1, items.length))
    else if (event.key === 'Enter' && item !== undefined) onChoose(item)
    else return
    event.preventDefault()
  }
  return (
    <div className={classes.finder}>
      <div className={classes.field}>
        <Search size={18} aria-hidden />
        <input
          className={classes.input}
          value={text}
          onChange={(event) => change(event.currentTarget.value)}
          onKeyDown={onKeyDown}
          placeholder={placeholder}
          role="combobox"
          aria-label={label}
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
            onClick={() => onChoose(item)}
          >
            {item.icon}
            <span className={classes.label}>{item.label}</span>
            <span className={classes.detail}>{item.detail}</span>
            {index === current ? <CornerDownLeft size={14} aria-hidden /> : null}
          </div>
        ))}
      </div>
      {items.length === 0 ? <p className={classes.none}>Nothing called “{text}”.</p> : null}
    </div>
  )
}
