import { mkdir, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { run } from 'node:test'
import { spec } from 'node:test/reporters'
import { publishedFiles } from './published.ts'

/**
 * `npm run connectors:check`: everything that is asserted of the connectors. With `--write` it first writes what is made
 * from them: the page of the catalogue and the JSON Schema.
 */

const root = join(import.meta.dirname, '../..')

if (process.argv.includes('--write')) {
  for (const [path, content] of Object.entries(publishedFiles())) {
    await mkdir(dirname(join(root, path)), { recursive: true })
    await writeFile(join(root, path), content)
    console.log(`wrote ${path}`)
  }
}

const names = [
  'catalogue',
  'delivery-ids',
  'published',
  'vendor-documents',
  'vendor-answers',
  'vendor-graphql',
  'vendor-sdks',
]
const files = names.map((name) => join(import.meta.dirname, `${name}.test.ts`))
run({ files, concurrency: 2 })
  .on('test:fail', () => {
    process.exitCode = 1
  })
  .compose(spec)
  .pipe(process.stdout)
