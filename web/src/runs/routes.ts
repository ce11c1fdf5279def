import { createRoute, lazyRouteComponent } from '@tanstack/react-router'
import { rootRoute } from '../shell/root-route.tsx'
import { readRunSearch } from './run-search.ts'

/** The debugger is one page: which run, step and tab it shows stands in its search parameters. */
export const runRoutes = [
  createRoute({
    getParentRoute: () => rootRoute,
    path: '/runs',
    validateSearch: readRunSearch,
    component: lazyRouteComponent(() => import('./RunsPage.tsx'), 'RunsPage'),
  }),
]
