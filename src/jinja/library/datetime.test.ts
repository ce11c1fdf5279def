import assert from 'node:assert/strict'
import { test } from 'node:test'
import { evaluate, TemplateError } from '../template.ts'

const now = (): Date => new Date('2019-06-01T09:09:01Z')
const convert = (value: unknown, args = ''): unknown =>
  evaluate(`{{ value|convert_datetime(${args}) }}`, { value }, { now })

const readable: [value: unknown, iso: string][] = [
  ['2019-06-01', '2019-06-01T00:00:00Z'],
  ['2019-06-01T09:09:01Z', '2019-06-01T09:09:01Z'],
  ['2019-06-01T09:09:01.250+02:00', '2019-06-01T07:09:01.250Z'],
  ['2019-06-01 09:09:01', '2019-06-01T09:09:01Z'],
  ['20190601', '2019-06-01T00:00:00Z'],
  ['20190601T090901Z', '2019-06-01T09:09:01Z'],
  ['2019/6/1 9:05', '2019-06-01T09:05:00Z'],
  ['01.06.2019', '2019-06-01T00:00:00Z'],
  ['1.6.19 9:05', '2019-06-01T09:05:00Z'],
  ['06/01/2019', '2019-06-01T00:00:00Z'],
  ['06/01/2019 3:04 PM', '2019-06-01T15:04:00Z'],
  ['25/12/2019', '2019-12-25T00:00:00Z'],
  ['Sat, 01 Jun 2019 09:09:01 +0200', '2019-06-01T07:09:01Z'],
  ['Sat, 01 Jun 2019 09:09:01 GMT', '2019-06-01T09:09:01Z'],
  ['Sat Jun 01 2019 09:09:01 GMT+0200 (CEST)', '2019-06-01T07:09:01Z'],
  ['June 1, 2019', '2019-06-01T00:00:00Z'],
  ['1st June 2019', '2019-06-01T00:00:00Z'],
  ['1. Juni 2019', '2019-06-01T00:00:00Z'],
  ['Jun 1, 2019 3:04 PM', '2019-06-01T15:04:00Z'],
  ['now', '2019-06-01T09:09:01Z'],
  ['tomorrow', '2019-06-02T00:00:00Z'],
  [1559380141, '2019-06-01T09:09:01Z'],
  [1559380141000, '2019-06-01T09:09:01Z'],
  ['1559380141', '2019-06-01T09:09:01Z'],
  [1559380141.5, '2019-06-01T09:09:01.500Z'],
]

for (const [value, iso] of readable) {
  test(`${JSON.stringify(value)} is read as ${iso}`, () => {
    assert.equal(convert(value), iso)
  })
}

test('a date is written by strftime codes, by name and by tokens, in any time zone', () => {
  const value = '2019-06-01T09:09:01Z'
  assert.equal(convert(value, "'%A, %-d %B %Y %I:%M %p %j %V %%'"), 'Saturday, 1 June 2019 09:09 AM 152 22 %')
  assert.equal(convert(value, "'%d.%m.%Y %H:%M %z', tz='Europe/Berlin'"), '01.06.2019 11:09 +0200')
  assert.equal(convert(value, "'iso', tz='America/New_York'"), '2019-06-01T05:09:01-04:00')
  assert.equal(convert(value, "'date_de'"), '01.06.2019')
  assert.equal(convert(value, "'unix'"), 1559380141)
  assert.equal(convert(value, "'unix_ms'"), 1559380141000)
  assert.equal(convert(value, "'rfc2822'"), 'Sat, 01 Jun 2019 09:09:01 +0000')
  assert.equal(convert(value, "'dd.MM.yyyy HH:mm'"), '01.06.2019 09:09')
  assert.equal(convert(value, "'d. MMMM yyyy', locale='de'"), '1. Juni 2019')
})

test('the form and the zone of the input can be said', () => {
  assert.equal(convert('19|06|01', "'date', input_format='%y|%m|%d'"), '2019-06-01')
  assert.equal(convert('2019-06-01 09:00', "'iso', input_tz='Europe/Berlin'"), '2019-06-01T07:00:00Z')
})

test('what is no date, no format and no zone is told as such', () => {
  const fails = (value: unknown, args: string, pattern: RegExp): void => {
    assert.throws(
      () => convert(value, args),
      (error) => error instanceof TemplateError && pattern.test(error.message),
    )
  }
  fails('32.13.2019', '', /can't read "32.13.2019" as a date/)
  fails('soon', '', /can't read "soon"/)
  fails(true, '', /needs a text or a number/)
  fails('2019-06-01', "'dat'", /unknown date format "dat": did you mean "date"\?/)
  fails('2019-06-01', "'iso', tz='Mars'", /unknown time zone "Mars"/)
})
