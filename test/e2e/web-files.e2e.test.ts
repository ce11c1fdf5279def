import assert from 'node:assert/strict'
import { test } from 'node:test'
import { startProduct } from './rig.ts'

const product = await startProduct()

const cases = [
  ['/', 200, 'text/html'],
  ['/flows/6f1c0000-0000-4000-8000-000000000001', 200, 'text/html'],
  ['/connectors/my_app?tab=test', 200, 'text/html'],
  ['/favicon.svg', 200, 'image/svg+xml'],
  ['/nothing.js', 404, 'application/json'],
  ['/assets/index-00000000.js', 404, 'application/json'],
  ['/v1/nothing', 404, 'application/json'],
] as const

for (const [path, status, type] of cases) {
  test(`GET ${path} answers ${status} ${type}`, async () => {
    const answer = await fetch(`${product.url}${path}`)
    assert.deepEqual([answer.status, answer.headers.get('content-type')?.split(';')[0]], [status, type])
  })
}
