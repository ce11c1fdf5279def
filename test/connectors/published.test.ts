import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { Ajv2020 } from 'ajv/dist/2020.js'
import { connectors } from '../../src/connectors/index.ts'
import { publishedFiles } from './published.ts'

const root = join(import.meta.dirname, '../..')

for (const [path, content] of Object.entries(publishedFiles())) {
  test(`${path} is current`, async () => {
    const written = await readFile(join(root, path), 'utf8').catch(() => '')
    assert.equal(written, content, 'write it with: npm run connectors:check -- --write')
  })
}

test('every connector holds the published JSON Schema, and a wrong one does not', () => {
  const schema = JSON.parse(publishedFiles()['docs/reference/connector.schema.json']!) as object
  const validate = new Ajv2020({ strict: false, validateFormats: false }).compile(schema)
  for (const connector of connectors) {
    assert.ok(validate(JSON.parse(JSON.stringify(connector))), `${connector.name}: ${JSON.stringify(validate.errors)}`)
  }
  assert.equal(validate({ name: 'acme', title: 'Acme', base_domain: 'https://acme.example/', actoins: [] }), false)
})
