import { createRoute, lazyRouteComponent } from '@tanstack/react-router'
import { rootRoute } from '../shell/root-route.tsx'

export interface ConnectorListSearch {
  q?: string
  tag?: string
  /** Only those with Trigger by Webhook. */
  trigger?: boolean
  /** Only the account's own ones. */
  own?: boolean
}

export interface ConnectorSearch {
  tab?: string
  /** What the Test tab tries, and with which auth. */
  action?: string | undefined
  auth?: string | undefined
}

const text = (value: unknown): string | undefined => {
  const word = typeof value === 'number' ? String(value) : value
  return typeof word === 'string' && word !== '' ? word : undefined
}

export const connectorRoutes = [
  createRoute({
    getParentRoute: () => rootRoute,
    path: '/connectors',
    validateSearch: (search: Record<string, unknown>): ConnectorListSearch => ({
      ...(text(search.q) && { q: text(search.q) as string }),
      ...(text(search.tag) && { tag: text(search.tag) as string }),
      ...(search.trigger === true && { trigger: true }),
      ...(search.own === true && { own: true }),
    }),
    component: lazyRouteComponent(() => import('./ConnectorsPage.tsx'), 'ConnectorsPage'),
  }),
  createRoute({
    getParentRoute: () => rootRoute,
    path: '/connectors/$name',
    validateSearch: (search: Record<string, unknown>): ConnectorSearch => ({
      ...(text(search.tab) && { tab: text(search.tab) as string }),
      ...(text(search.action) && { action: text(search.action) as string }),
      ...(text(search.auth) && { auth: text(search.auth) as string }),
    }),
    component: lazyRouteComponent(() => import('./ConnectorPage.tsx'), 'ConnectorPage'),
  }),
  createRoute({
    getParentRoute: () => rootRoute,
    path: '/connectors/$name/edit',
    component: lazyRouteComponent(() => import('./EditConnectorPage.tsx'), 'EditConnectorPage'),
  }),
  createRoute({
    getParentRoute: () => rootRoute,
    path: '/new-connector',
    component: lazyRouteComponent(() => import('./EditConnectorPage.tsx'), 'NewConnectorPage'),
  }),
] as const
