import { createRoute, lazyRouteComponent } from '@tanstack/react-router'
import { rootRoute } from '../shell/root-route.tsx'
import { type FlowStatusWord, flowStatusWords } from './flow-status.ts'

export interface FlowsSearch {
  q?: string
  status?: FlowStatusWord
}

export const flowsRoute = createRoute({
  getParentRoute: () => rootRoute,
  path: '/flows',
  validateSearch: (search: Record<string, unknown>): FlowsSearch => ({
    q: typeof search.q === 'string' && search.q !== '' ? search.q : undefined,
    status: flowStatusWords.find((word) => word === search.status),
  }),
  component: lazyRouteComponent(() => import('./FlowList.tsx')),
})

export const flowRoutes = [flowsRoute] as const
