import { getViewportForBounds, type Viewport } from '@xyflow/react'
import type { FlowDocument, Step } from './flow-document.ts'
import { cardSize } from './placing.ts'

/** How much of the canvas stays free around a flow that is shown whole. */
export const fitOptions = { padding: 0.18, maxZoom: 1, minZoom: 0.1 }
/** Below this, the names on the cards can't be read. */
const readableZoom = 0.75
/** In pixels, beside the outermost cards of a flow that is not shown whole. */
const margin = 48

/**
 * What of a flow is shown first: all of it where that is readable, else the part around a step. The step stands in the
 * middle, as far as the flow goes on to all sides of it: no room is given to where there is nothing.
 */
export function firstView(
  { steps, arrows }: FlowDocument,
  chosen: string | undefined,
  { width, height }: { width: number; height: number },
): Viewport | undefined {
  const centre =
    steps.find(({ ref }) => ref === chosen) ?? steps.find(({ ref }) => !arrows.some(({ to }) => to === ref)) ?? steps[0]
  if (centre === undefined || width === 0 || height === 0) return undefined
  const xs = steps.map((step) => placeOf(step).x)
  const ys = steps.map((step) => placeOf(step).y)
  const [left, top] = [Math.min(...xs), Math.min(...ys)]
  const bounds = {
    x: left,
    y: top,
    width: Math.max(...xs) - left + cardSize.width,
    height: Math.max(...ys) - top + cardSize.height,
  }
  const { minZoom, maxZoom, padding } = fitOptions
  const whole = getViewportForBounds(bounds, width, height, minZoom, maxZoom, padding)
  if (whole.zoom >= readableZoom) return whole
  const { x, y } = placeOf(centre)
  return {
    x: shift(left, bounds.width, x + cardSize.width / 2, width),
    y: shift(top, bounds.height, y + cardSize.height / 2, height),
    zoom: readableZoom,
  }
}

/** Along one side: how far the canvas is moved, in pixels. */
function shift(start: number, length: number, middle: number, room: number): number {
  const [first, last] = [start * readableZoom, (start + length) * readableZoom]
  if (last - first + 2 * margin <= room) return (room - first - last) / 2
  const centred = room / 2 - middle * readableZoom
  return Math.min(margin - first, Math.max(room - margin - last, centred))
}

function placeOf({ position }: Step): { x: number; y: number } {
  return position ?? { x: 0, y: 0 }
}
