import { Activity, KeyRound, KeySquare, type LucideIcon, Plug, Settings, Users, Variable, Workflow } from 'lucide-react'

/** The places of the product, in the order of the rail: the nav, the `g` shortcuts and the palette read this list. */
export interface Place {
  label: string
  to: string
  icon: LucideIcon
  /** After `g`. */
  key: string
  /** What people on call need: it has a place in the bar on phones, where the others are under More. */
  isMain?: boolean
}

export const places: readonly Place[] = [
  { label: 'Flows', to: '/flows', icon: Workflow, key: 'f', isMain: true },
  { label: 'Debugger', to: '/runs', icon: Activity, key: 'd', isMain: true },
  { label: 'Connectors', to: '/connectors', icon: Plug, key: 'c', isMain: true },
  { label: 'Auths', to: '/connector-auths', icon: KeyRound, key: 'a', isMain: true },
  { label: 'Tokens', to: '/tokens', icon: KeySquare, key: 't' },
  { label: 'Variables', to: '/env-variables', icon: Variable, key: 'e' },
  { label: 'Users', to: '/users', icon: Users, key: 'u' },
  { label: 'Settings', to: '/settings', icon: Settings, key: 's' },
]
