import { createRoute, lazyRouteComponent } from '@tanstack/react-router'
import { rootRoute } from '../shell/root-route.tsx'

export const envVariableRoutes = [
  createRoute({
    getParentRoute: () => rootRoute,
    path: '/env-variables',
    component: lazyRouteComponent(() => import('./EnvVariablesPage.tsx'), 'EnvVariablesPage'),
  }),
] as const
