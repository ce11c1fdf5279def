import dagre from '@dagrejs/dagre'
import type { FlowDocument, Point } from './flow-document.ts'
import { cardSize } from './placing.ts'

/** Places for all steps, from left to right, with as few crossings as the layout library finds. Loaded on demand. */
export function tidyPlaces({ steps, arrows }: FlowDocument): Record<string, Point> {
  const graph = new dagre.graphlib.Graph({ multigraph: true })
  graph.setGraph({ rankdir: 'LR', nodesep: 48, ranksep: 84 })
  graph.setDefaultEdgeLabel(() => ({}))
  for (const { ref } of steps) graph.setNode(ref, { ...cardSize })
  for (const { from, to, label } of arrows) graph.setEdge(from, to, {}, label ?? '')
  dagre.layout(graph)
  return Object.fromEntries(
    steps.map(({ ref }) => {
      const { x, y } = graph.node(ref)
      return [ref, { x: Math.round(x - cardSize.width / 2), y: Math.round(y - cardSize.height / 2) }]
    }),
  )
}
