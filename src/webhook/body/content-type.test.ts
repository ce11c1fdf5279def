import assert from 'node:assert/strict'
import { test } from 'node:test'
import { AppError } from '../../errors.ts'
import { namedEncoding } from './content-encoding.ts'
import { parseContentType } from './content-type.ts'

test('a Content-Type is read by the grammar of RFC 9110', () => {
  const readings: [header: string | undefined, type: string, parameters: Record<string, string>][] = [
    ['application/json', 'application/json', {}],
    ['application/json; charset=utf-8', 'application/json', { charset: 'utf-8' }],
    ['Application/JSON;Charset=UTF-8', 'application/json', { charset: 'UTF-8' }],
    ['text/xml;;', 'text/xml', {}],
    [' text/xml\t;\t; charset="utf-8" ; ', 'text/xml', { charset: 'utf-8' }],
    ['multipart/form-data; boundary="a b;\\"c\\\\"', 'multipart/form-data', { boundary: 'a b;"c\\' }],
    ["multipart/form-data; boundary=----WebKit_x'+.", 'multipart/form-data', { boundary: "----WebKit_x'+." }],
    ['text/xml; charset=utf-8; CHARSET=utf-8', 'text/xml', { charset: 'utf-8' }],
    ['x/y; __proto__=1', 'x/y', JSON.parse('{"__proto__":"1"}')],
    // Senders do write this; a name without a value says nothing.
    ['application/json; utf-8', 'application/json', {}],
    ['application/json\t; a', 'application/json', {}],
    [`text/xml; ${'a'.repeat(10_000)}; b=c`, 'text/xml', { b: 'c' }],
    [' \t', '', {}],
    ['json', '', {}],
    ['application/', '', {}],
    [';charset=utf-7', '', {}],
    [undefined, '', {}],
  ]
  for (const [header, type, parameters] of readings) {
    const read = parseContentType(header)
    assert.equal(read.type, type, header ?? '')
    assert.equal(JSON.stringify(Object.fromEntries(read.parameters)), JSON.stringify(parameters), header ?? '')
  }
})

test('a Content-Type that readers could take in two ways is refused, naming the character', () => {
  const refusals: [header: string, message: RegExp][] = [
    ['application/json\ta', /character 18: expected ";" before a parameter, found "a"/],
    ['application/json, text/xml', /character 17/],
    ['text/xml; charset=', /a value of the parameter charset/],
    ['text/xml; charset="utf-8', /a value of the parameter charset/],
    ['text/xml; charset = utf-8', /"=" and a value/],
    ['text/xml; charset=utf-8; charset=utf-7', /charset twice, as "utf-8" and as "utf-7"/],
    ['text/xml\u00a0;a=b', /character 9/],
    ['text/xml;\r\nX: y', /character 10/],
  ]
  for (const [header, message] of refusals) {
    assert.throws(
      () => parseContentType(header),
      (error) => error instanceof AppError && error.code === 'invalid_request' && message.test(error.message),
      header,
    )
  }
})

test('one known content encoding is named, none is none, and others are refused with what is accepted', () => {
  for (const header of [undefined, '', 'identity', ' Identity , ']) assert.equal(namedEncoding(header), undefined)
  assert.equal(namedEncoding('GZip'), 'gzip')
  assert.equal(namedEncoding('identity, br'), 'br')
  for (const header of ['gzip, gzip', 'br,gzip', 'zstd', 'compress', 'constructor', '__proto__']) {
    assert.throws(
      () => namedEncoding(header),
      (error) =>
        error instanceof AppError && error.status === 415 && error.headers['Accept-Encoding'] === 'gzip, deflate, br',
      header,
    )
  }
})
