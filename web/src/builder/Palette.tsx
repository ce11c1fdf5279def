import { TextInput } from '@mantine/core'
import { Search } from 'lucide-react'
import { useState } from 'react'
import { announce } from '../components/Announcer.tsx'
import { Foreign } from '../components/Foreign.tsx'
import type { PaletteItem } from './catalogue.ts'
import classes from './Palette.module.css'
import { StepIcon } from './StepIcon.tsx'
import { followingPlace, stepOf, useBuilder, useBuilderStore } from './store.ts'
import { announceAdded, type PaletteDrag, usePaletteDrag } from './use-palette-drag.ts'

const groups = ['Triggers', 'Connectors', 'Logic'] as const
/** Before the list is unfolded or searched, so that the logic below stays in sight. */
const shownConnectors = 5

/** What can be added: drag it onto the canvas, or press Enter to add it after the selected step. */
export function Palette({ onAdded }: { onAdded: (ref: string) => void }) {
  const items = useBuilder((state) => state.catalogue.items)
  const connectors = useBuilder((state) => state.catalogue.connectors)
  const trigger = useBuilder(({ document, catalogue }) => document.steps.find((step) => catalogue.starts(step)))
  const [text, setText] = useState('')
  const [showsAll, setShowsAll] = useState(false)
  const { drag, handlers, wasDragged } = usePaletteDrag(onAdded)
  const add = useAddItem(onAdded)
  const found = findItems(items, text)
  const isRefused = (item: PaletteItem) => item.starts && trigger !== undefined
  const addFirst = () => {
    const first = found.find((item) => !isRefused(item))
    if (first) add(first)
  }
  return (
    <aside className={classes.palette} aria-label="Palette">
      <TextInput
        value={text}
        onChange={(event) => setText(event.currentTarget.value)}
        placeholder="Find a step…"
        aria-label="Find a step"
        onKeyDown={({ key }) => key === 'Enter' && text.trim() !== '' && addFirst()}
        leftSection={<Search size={15} aria-hidden />}
        className={classes.search}
      />
      <div className={classes.groups}>
        {groups.map((group) => {
          const all = found.filter((item) => item.group === group)
          if (all.length === 0) return null
          const isShort = group === 'Connectors' && !showsAll && text.trim() === ''
          const members = isShort ? all.slice(0, shownConnectors) : all
          return (
            <section key={group} aria-labelledby={`palette-group-${group}`}>
              <h2 id={`palette-group-${group}`} className={classes.group}>
                {group}
              </h2>
              {members.map((item) => {
                const refused = isRefused(item)
                return (
                  <button
                    key={item.id}
                    type="button"
                    className={classes.item}
                    data-testid={`palette-${item.title}`}
                    title={item.summary}
                    aria-disabled={refused || undefined}
                    {...handlers(item)}
                    onClick={() => {
                      if (!wasDragged()) add(item)
                    }}
                  >
                    <StepIcon connector={item.connector} image={connectors.get(item.connector)?.image_url} size={28} />
                    <span className={classes.name}>
                      <Foreign>{item.title}</Foreign>
                      {refused ? (
                        <span className={classes.refused}>
                          {item.connector === trigger?.connector ? 'Already in this flow' : 'The flow has a trigger'}
                        </span>
                      ) : null}
                    </span>
                  </button>
                )
              })}
              {members.length < all.length ? (
                <button type="button" className={classes.more} onClick={() => setShowsAll(true)}>
                  {all.length - members.length} more connectors…
                </button>
              ) : null}
            </section>
          )
        })}
        {found.length === 0 ? <p className={classes.none}>No step called “{text}”.</p> : null}
      </div>
      {drag ? <Ghost drag={drag} /> : null}
    </aside>
  )
}

/** Adds an item without a pointer: after the selected step, or at the end. */
export function useAddItem(onAdded: (ref: string) => void): (item: PaletteItem) => void {
  const store = useBuilderStore()
  return (item) => {
    const { document, selected, catalogue, selectedArrow } = store.getState()
    const step = stepOf(document, selected.at(-1) ?? '')
    const place = selectedArrow
      ? ({ at: 'arrow', arrow: selectedArrow } as const)
      : step && followingPlace(document, step, catalogue)
    const added = store.getState().addItem(item, place)
    if ('problem' in added) {
      announce(`${item.title} not added: ${added.problem}`)
      return
    }
    announceAdded(store, item.title, added.ref)
    onAdded(added.ref)
  }
}

/** Items whose title, words or connector contain the text; a match in the title comes first. */
export function findItems(items: readonly PaletteItem[], text: string): PaletteItem[] {
  const wanted = text.trim().toLowerCase()
  if (wanted === '') return [...items]
  const inTitle = items.filter(({ title }) => title.toLowerCase().includes(wanted))
  const inWords = items.filter((item) => !inTitle.includes(item) && item.summary.toLowerCase().includes(wanted))
  return [...inTitle, ...inWords]
}

function Ghost({ drag: { item, at } }: { drag: PaletteDrag }) {
  return (
    <div className={classes.ghost} style={{ left: at.x, top: at.y }} aria-hidden>
      <StepIcon connector={item.connector} size={28} /> <Foreign>{item.title}</Foreign>
    </div>
  )
}
