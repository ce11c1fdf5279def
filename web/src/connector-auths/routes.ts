import { createRoute, lazyRouteComponent } from '@tanstack/react-router'
import { rootRoute } from '../shell/root-route.tsx'

export interface AuthSearch {
  /** The auth whose form is open. */
  auth?: string
  /** The connector that a new auth is made for. */
  connect?: string
}

const text = (value: unknown): string | undefined => (typeof value === 'string' && value !== '' ? value : undefined)

export const authRoutes = [
  createRoute({
    getParentRoute: () => rootRoute,
    path: '/connector-auths',
    validateSearch: (search: Record<string, unknown>): AuthSearch => ({
      ...(text(search.auth) && { auth: text(search.auth) as string }),
      ...(text(search.connect) && { connect: text(search.connect) as string }),
    }),
    component: lazyRouteComponent(() => import('./AuthsPage.tsx'), 'AuthsPage'),
  }),
] as const
