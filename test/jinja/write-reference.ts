// Writes src/jinja/REFERENCE.md from the tables of the library.
import { writeFileSync } from 'node:fs'
import { referencePage } from '../../src/jinja/reference-page.ts'

writeFileSync(new URL('../../src/jinja/REFERENCE.md', import.meta.url), referencePage())
