import { createRoute, lazyRouteComponent } from '@tanstack/react-router'
import { rootRoute } from '../shell/root-route.tsx'

export const settingsParts = ['profile', 'instance', 'security', 'backup', 'about'] as const
export type SettingsPart = (typeof settingsParts)[number]

export const settingsRoutes = [
  createRoute({
    getParentRoute: () => rootRoute,
    path: '/settings',
    validateSearch: (search: Record<string, unknown>): { part?: SettingsPart } => {
      const part = settingsParts.find((each) => each === search.part)
      return part === undefined ? {} : { part }
    },
    component: lazyRouteComponent(() => import('./SettingsPage.tsx'), 'SettingsPage'),
  }),
] as const
