import { useReactFlow } from '@xyflow/react'
import { type PointerEvent, useEffect, useEffectEvent, useRef, useState } from 'react'
import { announce } from '../components/Announcer.tsx'
import { edgeId } from './canvas-nodes.ts'
import type { PaletteItem } from './catalogue.ts'
import type { Place } from './edits.ts'
import type { FlowDocument, Point } from './flow-document.ts'
import { cardSize } from './placing.ts'
import { type BuilderStore, followingPlace, useBuilderStore } from './store.ts'

const thresholdPx = 5
/** A step dropped this near to the right of one that leads nowhere follows it. */
const near = { x: 380, y: 130 }

export interface PaletteDrag {
  item: PaletteItem
  at: Point
}

/**
 * Dragging from the palette with pointer events: HTML5 dragging says nothing at all on touch screens.
 * Esc, or letting go outside the canvas, adds nothing.
 */
export function usePaletteDrag(onAdded: (ref: string) => void) {
  const store = useBuilderStore()
  const { screenToFlowPosition } = useReactFlow()
  const [drag, setDrag] = useState<PaletteDrag | null>(null)
  const began = useRef<{ item: PaletteItem; from: Point } | null>(null)
  /** The click that ends a drag is none. */
  const dragged = useRef(false)

  const end = () => {
    began.current = null
    setDrag(null)
    markTarget(undefined)
  }
  const cancel = useEffectEvent(end)
  const isDragging = drag !== null
  useEffect(() => {
    if (!isDragging) return
    const onKey = (event: KeyboardEvent) => {
      if (event.key === 'Escape') cancel()
    }
    window.addEventListener('keydown', onKey, true)
    return () => window.removeEventListener('keydown', onKey, true)
  }, [isDragging])

  const handlers = (item: PaletteItem) => ({
    onPointerDown: (event: PointerEvent<HTMLElement>) => {
      if (event.button !== 0) return
      event.currentTarget.setPointerCapture(event.pointerId)
      began.current = { item, from: { x: event.clientX, y: event.clientY } }
      dragged.current = false
    },
    onPointerMove: (event: PointerEvent<HTMLElement>) => {
      const start = began.current
      if (start === null) return
      const far = Math.hypot(event.clientX - start.from.x, event.clientY - start.from.y) > thresholdPx
      if (!far && !dragged.current) return
      dragged.current = true
      setDrag({ item, at: { x: event.clientX, y: event.clientY } })
      markTarget(edgeAt(event.clientX, event.clientY))
    },
    onPointerUp: (event: PointerEvent<HTMLElement>) => {
      const isDrag = began.current !== null && dragged.current
      const edge = edgeAt(event.clientX, event.clientY)
      end()
      if (!isDrag || !isCanvas(event.clientX, event.clientY)) return
      const point = screenToFlowPosition({ x: event.clientX, y: event.clientY })
      const place = dropPlace(store, { x: point.x - cardSize.width / 2, y: point.y - cardSize.height / 2 }, edge)
      const added = store.getState().addItem(item, place)
      if ('problem' in added) announce(`${item.title} not added: ${added.problem}`)
      else {
        announceAdded(store, item.title, added.ref)
        onAdded(added.ref)
      }
    },
    onPointerCancel: end,
  })
  return { drag, handlers, wasDragged: () => dragged.current }
}

/** Says what was added and whether it is connected, in the words of the list view. */
export function announceAdded(store: BuilderStore, title: string, ref: string): void {
  const { arrows } = store.getState().document
  const connected = arrows.some(({ from, to }) => from === ref || to === ref)
  announce(`${title} ${ref} added, ${connected ? 'connected' : 'not connected'}`)
}

function dropPlace(store: BuilderStore, point: Point, edge: string | undefined): Place {
  const { document, catalogue } = store.getState()
  const arrow = edge === undefined ? undefined : document.arrows.find((each) => edgeId(each) === edge)
  if (arrow !== undefined) return { at: 'arrow', arrow, point }
  const leaf = leafLeftOf(document, point)
  const place = leaf && followingPlace(document, leaf, catalogue)
  return place?.at === 'after' ? { ...place, point } : { at: 'point', point }
}

/** The nearest step to the left that leads nowhere yet. */
function leafLeftOf(document: FlowDocument, point: Point) {
  const leaves = document.steps.filter(({ ref }) => !document.arrows.some(({ from }) => from === ref))
  const distance = ({ x, y }: Point) => Math.hypot(point.x - x, point.y - y)
  return leaves
    .filter(({ position }) => {
      if (!position) return false
      const [dx, dy] = [point.x - position.x, Math.abs(point.y - position.y)]
      return dx > cardSize.width && dx < cardSize.width + near.x && dy < near.y
    })
    .toSorted((a, b) => distance(a.position ?? point) - distance(b.position ?? point))[0]
}

function isCanvas(x: number, y: number): boolean {
  return document.elementFromPoint(x, y)?.closest('[data-canvas]') != null
}

function edgeAt(x: number, y: number): string | undefined {
  const edge = document.elementsFromPoint(x, y).find((each) => each.closest('.react-flow__edge'))
  return edge?.closest<SVGElement>('.react-flow__edge')?.dataset.id
}

/** Lights up the arrow a drop would land on. */
function markTarget(edge: string | undefined): void {
  for (const each of document.querySelectorAll('.react-flow__edge.drop-target')) each.classList.remove('drop-target')
  if (edge === undefined) return
  document.querySelector(`.react-flow__edge[data-id="${CSS.escape(edge)}"]`)?.classList.add('drop-target')
}
