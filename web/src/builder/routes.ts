import { createRoute, lazyRouteComponent } from '@tanstack/react-router'
import { rootRoute } from '../shell/root-route.tsx'

/** What the builder keeps in its address, so that Back and reload work. */
export interface BuilderSearch {
  /** The open step. */
  step?: string
  /** The tab of its panel. */
  tab?: string
  /** `list` instead of the canvas. */
  view?: 'list'
  /** The field that is to have the focus: of the open step, or `settings.…` of the flow. */
  field?: string
  /** What is to be opened besides a step. */
  panel?: 'settings'
  /** The run whose results and data are shown. */
  run?: string
}

const text = (value: unknown): string | undefined => (typeof value === 'string' && value !== '' ? value : undefined)

export const builderRoute = createRoute({
  getParentRoute: () => rootRoute,
  path: '/flows/$flowId',
  validateSearch: (search: Record<string, unknown>): BuilderSearch => ({
    step: text(search.step),
    tab: text(search.tab),
    view: search.view === 'list' ? 'list' : undefined,
    field: text(search.field),
    panel: search.panel === 'settings' ? 'settings' : undefined,
    run: text(search.run),
  }),
  component: lazyRouteComponent(() => import('./FlowPage.tsx')),
})

export const builderRoutes = [builderRoute] as const
