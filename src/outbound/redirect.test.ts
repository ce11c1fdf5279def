import assert from 'node:assert/strict'
import { test } from 'node:test'
import { redirectedCall } from './redirect.ts'

const post = {
  method: 'POST',
  url: new URL('https://a.example/orders?page=1'),
  headers: { Authorization: 'Bearer x', 'X-Api-Key': 'y', 'Content-Type': 'application/json', Accept: '*/*' },
  body: '{}',
}

const methods = [
  [301, 'POST', 'GET'],
  [302, 'POST', 'GET'],
  [303, 'POST', 'GET'],
  [303, 'DELETE', 'GET'],
  [303, 'HEAD', 'HEAD'],
  [301, 'PUT', 'PUT'],
  [302, 'HEAD', 'HEAD'],
  [307, 'POST', 'POST'],
  [308, 'PATCH', 'PATCH'],
] as const

for (const [status, method, then] of methods) {
  test(`${status} answers a ${method} with ${then}`, () => {
    assert.equal(redirectedCall({ ...post, method }, status, '/x')?.method, then)
  })
}

test('what turns into a GET has no body and no headers about one', () => {
  const next = redirectedCall(post, 303, '../done')!
  assert.equal(next.url.href, 'https://a.example/done')
  assert.equal(next.body, undefined)
  assert.deepEqual(Object.keys(next.headers), ['Authorization', 'X-Api-Key', 'Accept'])
})

test('307 keeps the body, and the credentials within the origin', () => {
  const next = redirectedCall(post, 307, 'https://a.example/2')!
  assert.equal(next.body, '{}')
  assert.deepEqual(next.headers, post.headers)
})

for (const target of ['https://b.example/', 'https://a.example:8443/', '//a.example.evil/', 'https://sub.a.example/']) {
  test(`${target} is another origin and gets no credentials, whatever header they are in`, () => {
    const next = redirectedCall(post, 307, target)!
    assert.deepEqual(Object.keys(next.headers), ['Content-Type', 'Accept'])
    assert.equal(next.body, '{}')
  })
}

test('a redirect from https to http is refused', () => {
  assert.throws(() => redirectedCall(post, 302, 'http://a.example/'), { kind: 'blocked' })
})

for (const target of [
  'file:///etc/passwd',
  'gopher://a/',
  'data:,x',
  'javascript:1',
  'https://u:p@a.example/',
  'http://',
]) {
  test(`a redirect to ${target} is refused`, () => {
    assert.throws(() => redirectedCall(post, 302, target), { kind: 'invalid_url' })
  })
}

test('other answers are no redirects', () => {
  for (const status of [200, 300, 304, 305, 399, 401]) assert.equal(redirectedCall(post, status, '/x'), undefined)
  assert.equal(redirectedCall(post, 302, undefined), undefined)
  assert.equal(redirectedCall(post, 302, ['/x', '/y']), undefined)
})
