import { useReactFlow } from '@xyflow/react'
import { announce } from '../components/Announcer.tsx'
import { Finder } from '../components/Finder.tsx'
import type { PaletteItem } from './catalogue.ts'
import type { Point } from './flow-document.ts'
import { findItems, useAddItem } from './Palette.tsx'
import { StepIcon } from './StepIcon.tsx'
import { useBuilder, useBuilderStore } from './store.ts'
import { announceAdded } from './use-palette-drag.ts'

const maxShown = 60

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
  const store = useBuilderStore()
  const { screenToFlowPosition } = useReactFlow()
  const items = useBuilder((state) => state.catalogue.items)
  const connectors = useBuilder((state) => state.catalogue.connectors)
  const hasTrigger = useBuilder(({ document, catalogue }) => document.steps.some((step) => catalogue.starts(step)))
  const isRefused = (item: PaletteItem) => item.starts && hasTrigger
  const addAfter = useAddItem(onAdded)
  const add = (item: PaletteItem) => {
    onClose()
    const at = open?.at ?? null
    if (at === null) return addAfter(item)
    const added = store.getState().addItem(item, { at: 'point', point: screenToFlowPosition(at) })
    if ('problem' in added) return announce(`${item.title} not added: ${added.problem}`)
    announceAdded(store, item.title, added.ref)
    onAdded(added.ref)
  }
  return (
    <Finder
      opened={open !== null}
      onClose={onClose}
      title="Add a step"
      label="Add a step"
      placeholder="Add a step…"
      width={460}
      find={(text) =>
        findItems(items, text)
          .sort((one, other) => Number(isRefused(one)) - Number(isRefused(other)))
          .slice(0, maxShown)
          .map((item) => ({
            id: item.id,
            label: item.title,
            detail: isRefused(item) ? 'The flow has a trigger' : item.group,
            icon: <StepIcon connector={item.connector} image={connectors.get(item.connector)?.image_url} size={24} />,
            item,
          }))
      }
      onChoose={({ item }) => add(item)}
    />
  )
}
