/** Whose work is in these pages, and under which licence. */
export const licences: readonly (readonly [licence: string, names: string])[] = [
  [
    'MIT',
    'React, Mantine, React Flow, TanStack Query and Router, CodeMirror and Lezer, zustand, dagre, @cfworker/json-schema, microdiff',
  ],
  ['ISC', 'Lucide icons'],
  ['Apache-2.0', 'Hookline itself'],
]
