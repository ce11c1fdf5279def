import { type LucideIcon, Workflow } from 'lucide-react'

/** The places of the product, in the order of the rail: the nav, the `g` shortcuts and the palette read this list. */
export interface Place {
  label: string
  to: string
  icon: LucideIcon
  /** After `g`. */
  key: string
}

export const places: readonly Place[] = [{ label: 'Flows', to: '/flows', icon: Workflow, key: 'f' }]
