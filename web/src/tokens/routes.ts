import { createRoute, lazyRouteComponent } from '@tanstack/react-router'
import { rootRoute } from '../shell/root-route.tsx'

export const tokenRoutes = [
  createRoute({
    getParentRoute: () => rootRoute,
    path: '/tokens',
    component: lazyRouteComponent(() => import('./TokensPage.tsx'), 'TokensPage'),
  }),
] as const
