import assert from 'node:assert/strict'
import { test } from 'node:test'
import { evaluate } from './template.ts'

const context = {
  store: {
    book: [
      { category: 'reference', author: 'Nigel Rees', title: 'Sayings of the Century', price: 8.95 },
      { category: 'fiction', author: 'Evelyn Waugh', title: 'Sword of Honour', price: 12.99 },
      { category: 'fiction', author: 'Herman Melville', title: 'Moby Dick', isbn: '0-553-21311-3', price: 8.99 },
      {
        category: 'fiction',
        author: 'J. R. R. Tolkien',
        title: 'The Lord of the Rings',
        isbn: '0-395-19395-8',
        price: 22.99,
      },
    ],
    bicycle: { color: 'red', price: 19.95 },
  },
  most: 10,
  n: [3, 1, 2],
}

const cases: [path: string, value: unknown][] = [
  ['store.book[*].author', ['Nigel Rees', 'Evelyn Waugh', 'Herman Melville', 'J. R. R. Tolkien']],
  ['store.book.*.price', [8.95, 12.99, 8.99, 22.99]],
  ['store..price', [8.95, 12.99, 8.99, 22.99, 19.95]],
  ['store..book[0].title', ['Sayings of the Century']],
  ['store.book[?(@.price<10)].title', ['Sayings of the Century', 'Moby Dick']],
  ['store.book[?(@.price < most)].title', ['Sayings of the Century', 'Moby Dick']],
  ['store.book[?(@.isbn)].author', ['Herman Melville', 'J. R. R. Tolkien']],
  ['store.book[?(!@.isbn)].author', ['Nigel Rees', 'Evelyn Waugh']],
  ["store.book[?(@.category == 'fiction' && @.price > 20)].title", ['The Lord of the Rings']],
  ["store.book[?(@.price > 20 || @.author == 'Nigel Rees')].price", [8.95, 22.99]],
  ["store.book[?('Moby' in @.title)].isbn", ['0-553-21311-3']],
  ['store.book[0,1].author', ['Nigel Rees', 'Evelyn Waugh']],
  ["store.bicycle['color','price']", ['red', 19.95]],
  ['store.book[:2].author', ['Nigel Rees', 'Evelyn Waugh']],
  ['store.book[-1:].author', ['J. R. R. Tolkien']],
  ['n[?(@ > 1)]', [3, 2]],
  ['store.book[*].missing', []],
  ['store.book[*].price|max', 22.99],
  ['(store.book[*].author)[0]', 'Nigel Rees'],
  // A plain meaning always wins.
  ['store.book[0].author', 'Nigel Rees'],
  ['store.book.0.author', 'Nigel Rees'],
  ['n[:2]', [3, 1]],
  ['n[0] * n[1]', 3],
]

for (const [path, value] of cases) {
  test(`{{ ${path} }} is ${JSON.stringify(value)}`, () => {
    assert.deepEqual(evaluate(`{{ ${path} }}`, context), value)
  })
}
