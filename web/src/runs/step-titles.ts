import { useQuery } from '@tanstack/react-query'
import { useMemo } from 'react'
import type { Step } from '../../../src/flow/flow.ts'
import { catalogueQuery } from '../builder/catalogue.ts'

/** What steps are called, by ref: as the builder calls them; the ref itself when nothing more is known. */
export function useStepTitles(steps: readonly Step[]): (ref: string) => string {
  const catalogue = useQuery(catalogueQuery)
  return useMemo(() => {
    const titles = new Map(steps.map((step) => [step.ref, catalogue.data?.title(step) ?? step.title ?? step.connector]))
    return (ref) => titles.get(ref) ?? ref
  }, [steps, catalogue.data])
}
