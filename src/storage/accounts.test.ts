import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { test } from 'node:test'
import { testDatabase } from '../../test/rig/test-database.ts'
import { createAccounts } from './accounts.ts'
import { createPersonalAccessTokens } from './tokens.ts'

const { database, open } = await testDatabase()

test('processes that start at the same time get the same first account', async () => {
  const starts = await Promise.all(Array.from({ length: 6 }, () => createAccounts(open()).ensureFirst()))
  assert.equal(new Set(starts.map(({ id }) => id)).size, 1)
  const { rows } = await database.query({ text: 'select from account' })
  assert.equal(rows.length, 1)
})

test('the use of a token is noted at most once a minute', async () => {
  const { id: accountId } = await createAccounts(database).ensureFirst()
  const tokens = createPersonalAccessTokens(database)
  const { id } = await tokens.create(accountId, {
    userId: null,
    hash: randomBytes(32),
    note: '',
    scopes: ['automation'],
    expiresAt: null,
  })
  const at = (seconds: number) => new Date(1_000_000 + seconds * 1000)
  const noted = async () => {
    // What is noted in the background comes before what is asked after it: the pool hands out one connection.
    const token = await tokens.find(accountId, null, id)
    return token?.lastUsedAt?.getTime()
  }
  const settled = async (time: Date) => {
    tokens.noteUse(id, time)
    for (let tries = 0; tries < 100 && (await noted()) !== time.getTime(); tries++);
    return noted()
  }
  assert.equal(await settled(at(0)), at(0).getTime())
  assert.equal(await settled(at(59)), at(0).getTime())
  assert.equal(await settled(at(61)), at(61).getTime())
})
