import { Skeleton } from '@mantine/core'
import { lazy, Suspense } from 'react'
import type { TemplateFieldProps } from './TemplateInput.tsx'

/** The editor is a chunk of its own, fetched while the builder rests. */
const load = () => import('./TemplateInput.tsx')
const TemplateInput = lazy(load)

export function preloadTemplateEditor(): void {
  void load()
}

/** A text that may be a template: highlighting, completion from the data in scope, and marks where the engine objects. */
export function TemplateField(props: TemplateFieldProps) {
  return (
    <Suspense fallback={<Skeleton height={props.multiline ? 160 : 36} radius="md" />}>
      <TemplateInput {...props} />
    </Suspense>
  )
}
