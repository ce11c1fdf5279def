import '@xyflow/react/dist/base.css'
import { useReducedMotion } from '@mantine/hooks'
import {
  applyNodeChanges,
  Background,
  BackgroundVariant,
  type Connection,
  Controls,
  type Edge,
  type EdgeChange,
  MiniMap,
  type Node,
  type NodeChange,
  ReactFlow,
  useReactFlow,
} from '@xyflow/react'
import { type KeyboardEvent, useCallback, useEffect, useEffectEvent, useMemo, useRef, useState } from 'react'
import { announce } from '../components/Announcer.tsx'
import classes from './Canvas.module.css'
import { focusCard, moveByTab, neighbourOf } from './canvas-focus.ts'
import { arrowOf, arrowOfEdge, edgesFor, syncNodes } from './canvas-nodes.ts'
import { firstView, fitOptions } from './first-view.ts'
import type { Point } from './flow-document.ts'
import { StepNode, stepLabel } from './StepNode.tsx'
import { followingPlace, stepOf, useBuilder, useBuilderStore } from './store.ts'

const nodeTypes = { step: StepNode }
/** With more steps than this a map of the whole is worth its room. */
const minimapFrom = 12

interface CanvasProps {
  openStep: string | undefined
  onOpen: (ref: string) => void
  onClose: () => void
  /** Quick add at a place on the screen. */
  onQuickAdd: (at: Point) => void
}

/** The flow as cards and arrows. Every change goes through the store as an edit; the canvas keeps only what is screen-made. */
export function Canvas({ openStep, onOpen, onClose, onQuickAdd }: CanvasProps) {
  const store = useBuilderStore()
  const document = useBuilder((state) => state.document)
  const catalogue = useBuilder((state) => state.catalogue)
  const results = useBuilder((state) => state.results)
  const selected = useBuilder((state) => state.selected)
  const selectedArrow = useBuilder((state) => state.selectedArrow)
  const reducedMotion = useReducedMotion()
  const box = useRef<HTMLElement>(null)
  const [nodes, setNodes] = useState<Node[]>([])

  useEffect(() => {
    const chosen = new Set(selected)
    setNodes((before) =>
      syncNodes(before, document.steps, chosen, (step) => stepLabel(step, document, { catalogue, results })),
    )
  }, [document, selected, catalogue, results])
  const edges = useMemo(() => edgesFor(document, selectedArrow, catalogue), [document, selectedArrow, catalogue])

  const onNodesChange = useCallback(
    (changes: NodeChange[]) => {
      setNodes((before) => applyNodeChanges(changes, before))
      keepPlaces(changes, store)
      keepSelection(changes, store)
    },
    [store],
  )
  const onEdgesChange = useCallback(
    (changes: EdgeChange[]) => {
      const chosen = changes.find((change) => change.type === 'select' && change.selected)
      if (chosen?.type !== 'select') return
      const edge = edges.find(({ id }) => id === chosen.id)
      if (edge) store.getState().selectArrow(arrowOfEdge(edge))
    },
    [store, edges],
  )
  const onConnect = useCallback(
    ({ source, target, sourceHandle }: Connection) => {
      const { document: current } = store.getState()
      const step = stepOf(current, source)
      const place = step && catalogue.hasFreeLabels(step) ? followingPlace(current, step, catalogue) : undefined
      const arrow = arrowOf(source, target, place?.at === 'after' ? place.label : sourceHandle)
      const problem = store.getState().edit({ kind: 'connect', arrow })
      announce(problem ?? `${source} now leads to ${target}`)
    },
    [store, catalogue],
  )
  const isValidConnection = useCallback(
    ({ source, target }: Connection | Edge) =>
      source !== target &&
      !catalogue.starts(stepOf(store.getState().document, target) ?? { connector: '', action: '' }),
    [store, catalogue],
  )
  useFirstView(openStep, box)
  useKeepInView(openStep, box)

  return (
    <section
      ref={box}
      className={classes.canvas}
      aria-label="Canvas"
      data-canvas
      onKeyDownCapture={(event) => onCanvasKey(event, { store, onOpen })}
      onFocusCapture={(event) => selectByKeyboard(event.target, store)}
      onDoubleClick={(event) => {
        const target = event.target as HTMLElement
        if (target.closest('.react-flow__pane')) onQuickAdd({ x: event.clientX, y: event.clientY })
      }}
    >
      <svg width="0" height="0" aria-hidden="true" className={classes.defs}>
        <marker
          id="hookline-arrow"
          viewBox="0 0 10 10"
          refX="9"
          refY="5"
          markerWidth="7"
          markerHeight="7"
          orient="auto"
        >
          <path d="M1 1.5 9 5 1 8.5z" fill="context-stroke" />
        </marker>
      </svg>
      <ReactFlow
        nodes={nodes}
        edges={edges}
        nodeTypes={nodeTypes}
        onNodesChange={onNodesChange}
        onEdgesChange={onEdgesChange}
        onConnect={onConnect}
        isValidConnection={isValidConnection}
        onNodeClick={(event, { id }) => {
          if (!event.shiftKey && !event.ctrlKey && !event.metaKey) onOpen(id)
        }}
        onPaneClick={() => {
          store.getState().select([])
          onClose()
        }}
        deleteKeyCode={null}
        zoomOnDoubleClick={false}
        elevateNodesOnSelect={false}
        minZoom={0.1}
        maxZoom={1.75}
        aria-label="Flow canvas"
        ariaLabelConfig={ariaLabels}
      >
        <Background
          variant={BackgroundVariant.Dots}
          gap={22}
          size={1.6}
          color="var(--hook-dot)"
          bgColor="var(--hook-canvas)"
        />
        <Controls
          showInteractive={false}
          fitViewOptions={{ ...fitOptions, duration: reducedMotion ? 0 : 250 }}
          position="bottom-left"
        />
        {document.steps.length >= minimapFrom ? (
          <MiniMap
            pannable
            zoomable
            className={classes.minimap}
            nodeColor="var(--hook-line-strong)"
            maskColor="color-mix(in srgb, var(--hook-canvas) 70%, transparent)"
          />
        ) : null}
      </ReactFlow>
    </section>
  )
}

const ariaLabels = {
  'controls.ariaLabel': 'Canvas controls',
  'controls.zoomIn.ariaLabel': 'Zoom in',
  'controls.zoomOut.ariaLabel': 'Zoom out',
  'controls.fitView.ariaLabel': 'Fit the flow into view',
  'minimap.ariaLabel': 'Map of the flow',
  'node.a11yDescription.default':
    'Enter opens the step, arrow keys move it, Alt and arrow keys go to a neighbour, Delete removes it.',
  'node.a11yDescription.keyboardDisabled':
    'Enter opens the step, arrow keys move it, Alt and arrow keys go to a neighbour, Delete removes it.',
  'edge.a11yDescription.default': 'Enter selects the arrow, Delete removes it.',
}

/** Moves that have ended become an edit. Arrow keys never fire a drag's end, so the changes themselves are read. */
function keepPlaces(changes: readonly NodeChange[], store: ReturnType<typeof useBuilderStore>): void {
  const moved: Record<string, Point> = {}
  const { document } = store.getState()
  for (const change of changes) {
    if (change.type !== 'position' || change.dragging || change.position === undefined) continue
    const before = stepOf(document, change.id)?.position
    if (before?.x !== Math.round(change.position.x) || before.y !== Math.round(change.position.y)) {
      moved[change.id] = change.position
    }
  }
  const refs = Object.keys(moved)
  if (refs.length > 0) store.getState().edit({ kind: 'move', positions: moved }, `move ${refs.join(' ')}`)
}

function keepSelection(changes: readonly NodeChange[], store: ReturnType<typeof useBuilderStore>): void {
  const picks = changes.filter((change) => change.type === 'select')
  if (picks.length === 0) return
  const chosen = new Set(store.getState().selected)
  for (const { id, selected } of picks) {
    if (selected) chosen.add(id)
    else chosen.delete(id)
  }
  const { selected, selectedArrow, select } = store.getState()
  const isSame = chosen.size === selected.length && selected.every((ref) => chosen.has(ref))
  if (!isSame && !(chosen.size === 0 && selectedArrow !== null)) select([...chosen])
}

function onCanvasKey(
  event: KeyboardEvent<HTMLElement>,
  { store, onOpen }: { store: ReturnType<typeof useBuilderStore>; onOpen: (ref: string) => void },
): void {
  if (event.key === 'Tab') {
    if (moveByTab(event)) event.preventDefault()
    return
  }
  const ref = (event.target as HTMLElement).closest<HTMLElement>('.react-flow__node')?.dataset.id
  if (ref === undefined) return
  if (event.key === 'Enter') {
    event.preventDefault()
    event.stopPropagation()
    store.getState().select([ref])
    onOpen(ref)
  } else if (event.altKey && event.key.startsWith('Arrow')) {
    event.preventDefault()
    event.stopPropagation()
    const next = neighbourOf(store.getState().document, ref, event.key)
    if (next === undefined) return
    store.getState().select([next])
    focusCard(next)
  }
}

/** Whoever arrives with Tab acts on that card at once: moves it, deletes it, adds after it. A mouse selects by itself. */
function selectByKeyboard(target: EventTarget, store: ReturnType<typeof useBuilderStore>): void {
  if (!(target instanceof Element) || !target.matches(':focus-visible')) return
  const ref = target.classList.contains('react-flow__node') ? (target as HTMLElement).dataset.id : undefined
  if (ref !== undefined && !store.getState().selected.includes(ref)) store.getState().select([ref])
}

/** Once: what is open, selected or first is seen, large enough to be read, in what the panel leaves of the canvas. */
function useFirstView(openStep: string | undefined, box: React.RefObject<HTMLElement | null>): void {
  const { setViewport } = useReactFlow()
  const store = useBuilderStore()
  const show = useEffectEvent(() => {
    if (box.current === null) return
    const { document, selected } = store.getState()
    const view = firstView(document, openStep ?? selected[0], box.current.getBoundingClientRect())
    if (view !== undefined) void setViewport(view)
  })
  useEffect(() => show(), [])
}

/** Opening the panel narrows the canvas; the open step is then moved back into what is left of it. */
function useKeepInView(ref: string | undefined, box: React.RefObject<HTMLElement | null>): void {
  const flow = useReactFlow()
  const exists = useBuilder((state) => ref !== undefined && stepOf(state.document, ref) !== undefined)
  const reducedMotion = useReducedMotion()
  useEffect(() => {
    const element = box.current
    if (!exists || ref === undefined || element === null) return
    const bringIn = () => {
      const card = element.querySelector<HTMLElement>(`[data-testid="rf__node-${CSS.escape(ref)}"]`)
      if (card === null) return
      const [inner, outer] = [card.getBoundingClientRect(), element.getBoundingClientRect()]
      const margin = 28
      const dx = Math.min(0, outer.right - margin - inner.right) || Math.max(0, outer.left + margin - inner.left)
      const dy = Math.min(0, outer.bottom - margin - inner.bottom) || Math.max(0, outer.top + margin - inner.top)
      if (dx === 0 && dy === 0) return
      const { x, y, zoom } = flow.getViewport()
      void flow.setViewport({ x: x + dx, y: y + dy, zoom }, { duration: reducedMotion ? 0 : 180 })
    }
    const frame = requestAnimationFrame(() => requestAnimationFrame(bringIn))
    const resized = new ResizeObserver(bringIn)
    resized.observe(element)
    return () => {
      cancelAnimationFrame(frame)
      resized.disconnect()
    }
  }, [ref, exists, flow, box, reducedMotion])
}
