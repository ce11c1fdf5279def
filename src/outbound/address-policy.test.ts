import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { createAddressPolicy } from './address-policy.ts'

const closed = createAddressPolicy([])

const publicAddresses = [
  '1.1.1.1',
  '93.184.215.14',
  '100.63.255.255',
  '100.128.0.0',
  '172.15.255.255',
  '172.32.0.0',
  '192.167.255.255',
  '223.255.255.255',
  '::ffff:1.1.1.1',
  '2606:4700:4700::1111',
  '2a00:1450:4001:82a::200e',
  '2001:4860:4860::8888',
]

for (const address of publicAddresses) {
  test(`${address} is public`, () => {
    assert.equal(closed.refusal(address, 443), undefined)
  })
}

const refused = [
  ...['0.0.0.0', '0.1.2.3', '10.0.0.1', '100.64.0.1', '100.100.100.200', '127.0.0.1', '127.255.255.254'],
  ...['168.63.129.16', '169.254.169.254', '172.16.0.1', '172.31.255.255', '192.0.0.192', '192.0.2.1', '192.88.99.1'],
  ...['192.168.1.1', '198.18.0.1', '198.51.100.1', '203.0.113.1', '224.0.0.1', '240.0.0.1', '255.255.255.255'],
  ...['::', '::1', '::7f00:1', '::127.0.0.1', '::ffff:127.0.0.1', '::ffff:7f00:1', '::ffff:0:127.0.0.1'],
  ...['64:ff9b::7f00:1', '64:ff9b::808:808', '64:ff9b:1::1', '100::1', '2001::1', '2001:0:7f00:1::', '2001:20::1'],
  ...['2001:db8::1', '2002:7f00:1::', '3fff::1', '4000::1', '5f00::1', 'fc00::1', 'fd00:ec2::254', 'fe80::1'],
  ...['fe80::1%eth0', 'fec0::1', 'ff02::1', 'ffff::1', '', 'localhost', '127.1', '256.1.1.1', '1.1.1.1.1'],
]

for (const address of refused) {
  test(`${address || 'an empty address'} is refused`, () => {
    assert.ok(closed.refusal(address, 443))
  })
}

test('an IPv4 address is judged the same however it is written', () => {
  fc.assert(
    fc.property(fc.ipV4(), (address) => {
      assert.equal(closed.refusal(`::ffff:${address}`, 80), closed.refusal(address, 80))
    }),
  )
})

test('of all IPv6 addresses only those of 2000::/3 can be public', () => {
  const hextet = fc.integer({ min: 0, max: 0xffff })
  fc.assert(
    fc.property(fc.array(hextet, { minLength: 8, maxLength: 8 }), (hextets) => {
      const outside = (hextets[0]! & 0xe000) !== 0x2000
      const address = hextets.map((each) => each.toString(16)).join(':')
      if (outside) assert.ok(closed.refusal(address, 443), address)
    }),
    { numRuns: 1000 },
  )
})

test('what is allowed is open, on all ports, and nothing beside it', () => {
  const policy = createAddressPolicy(['127.0.0.0/8', '::1/128', '10.1.0.0/16'])
  for (const address of ['127.0.0.1', '127.9.9.9', '::ffff:127.0.0.1', '::1', '10.1.2.3']) {
    assert.equal(policy.refusal(address, 6379), undefined, address)
  }
  for (const address of ['10.2.0.1', '0.0.0.0', '::', '::2', 'fd00::1']) assert.ok(policy.refusal(address, 80), address)
})

test('a public address is not called on the ports of mail servers and databases', () => {
  for (const port of [22, 25, 110, 3306, 5432, 6379, 11211]) assert.match(closed.refusal('1.1.1.1', port)!, /on port/)
  for (const port of [80, 443, 3000, 8080, 8443, 9200, 49_152]) assert.equal(closed.refusal('1.1.1.1', port), undefined)
})

test('a network that is none is refused when the policy is made', () => {
  assert.throws(() => createAddressPolicy(['10.0.0.0']), /"10.0.0.0" is not a network in CIDR notation/)
})
