import { type ReferenceEntry, reference, referenceTime } from './library/reference.ts'

const sections: readonly { title: string; text: string; has: (entry: ReferenceEntry) => boolean }[] = [
  { title: 'Filters', text: 'Written behind a value: `{{ value|filter }}`.', has: ({ kind }) => kind === 'filter' },
  { title: 'Tests', text: 'Written behind `is`: `{{ value is test }}`.', has: ({ kind }) => kind === 'test' },
  { title: 'Functions', text: 'Called by their names.', has: ({ kind }) => kind === 'function' },
  {
    title: 'Wildcards',
    text: `Names for the moment of the rendering, in UTC; a value of the same name in the data comes first. Shown for ${referenceTime}.`,
    has: ({ kind }) => kind === 'wildcard',
  },
  { title: 'Methods of texts', text: "Python's methods of `str`.", has: ({ of }) => of === 'text' },
  {
    title: 'Methods of lists',
    text: "Python's methods of `list`. Lists of the data are copied before they are changed.",
    has: ({ of }) => of === 'list',
  },
  {
    title: 'Methods of dicts',
    text: "Python's methods of `dict`. Dicts of the data are copied before they are changed.",
    has: ({ of }) => of === 'dict',
  },
  { title: 'Methods of numbers', text: "Python's methods of `int` and `float`.", has: ({ of }) => of === 'number' },
]

/** The page `REFERENCE.md`, made from what is written beside the functions. */
export function referencePage(): string {
  const parts = [
    '# Reference of the template language',
    'Made from `library/reference*.ts`; do not edit. Every example is run by a test.',
  ]
  for (const { title, text, has } of sections) {
    const rows = reference.filter(has).map(({ signature, doc, example, result }) => {
      return `- ${code(signature)}: ${doc}\n  ${code(example)} renders ${result === '' ? 'nothing' : code(result)}`
    })
    parts.push(`## ${title}`, text, rows.join('\n'))
  }
  return `${parts.join('\n\n')}\n`
}

/** Text as code on one line. */
function code(text: string): string {
  const shown = text.replaceAll('\n', '⏎')
  return shown.includes('`') ? `\`\` ${shown} \`\`` : `\`${shown}\``
}
