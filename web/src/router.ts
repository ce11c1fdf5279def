import type { QueryClient } from '@tanstack/react-query'
import { createRoute, createRouter, Navigate, redirect } from '@tanstack/react-router'
import { builderRoutes } from './builder/routes.ts'
import { authRoutes } from './connector-auths/routes.ts'
import { connectorRoutes } from './connectors/routes.ts'
import { envVariableRoutes } from './env-variables/routes.ts'
import { flowRoutes } from './flows/routes.ts'
import { runRoutes } from './runs/routes.ts'
import { settingsRoutes } from './settings/routes.ts'
import { rootRoute } from './shell/root-route.tsx'
import { tokenRoutes } from './tokens/routes.ts'
import { userRoutes } from './users/routes.ts'

const homeRoute = createRoute({
  getParentRoute: () => rootRoute,
  path: '/',
  beforeLoad: () => {
    throw redirect({ to: '/flows', replace: true })
  },
})

/** Where the server sends whoever starts it first; with an admin made, there is nothing to set up any more. */
const setupRoute = createRoute({
  getParentRoute: () => rootRoute,
  path: '/setup',
  component: () => Navigate({ to: '/flows', replace: true }),
})

/** All pages: one line per folder, each of which lists its own routes. */
const routeTree = rootRoute.addChildren([
  homeRoute,
  setupRoute,
  ...flowRoutes,
  ...builderRoutes,
  ...runRoutes,
  ...connectorRoutes,
  ...authRoutes,
  ...tokenRoutes,
  ...envVariableRoutes,
  ...userRoutes,
  ...settingsRoutes,
])

/** The router; pages are loaded when they are visited, and when a link to them is about to be pressed. */
export function makeRouter(client: QueryClient) {
  return createRouter({
    routeTree,
    context: { client },
    defaultPreload: 'intent',
    defaultPreloadStaleTime: 0,
    scrollRestoration: true,
  })
}

declare module '@tanstack/react-router' {
  interface Register {
    router: ReturnType<typeof makeRouter>
  }
}
