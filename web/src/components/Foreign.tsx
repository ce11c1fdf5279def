import type { ComponentProps } from 'react'
import { withoutStrayEnds } from './foreign-text.ts'

type ForeignProps = Omit<ComponentProps<'bdi'>, 'children'> & { children: string }

/**
 * A text that users or vendors chose, as it stands in our sentences and lists: whatever it contains to turn the direction
 * of writing, it turns nothing around it. Every such text goes through here or, in a string, through `isolated`.
 */
export function Foreign({ children, ...more }: ForeignProps) {
  return <bdi {...more}>{withoutStrayEnds(children)}</bdi>
}
