import type { LookupAddress } from 'node:dns'

/**
 * Ways to make a server call what only it can reach. `{port}` is the port of a server on this machine that must not be
 * reached; `opened` marks those that do reach it once 127.0.0.0/8 is allowed, which proves that the table would notice.
 */
export interface HostileTarget {
  url: string
  opened?: true
}

const open = (url: string): HostileTarget => ({ url, opened: true })
const here = (host: string): HostileTarget => open(`http://${host}:{port}/`)
const there = (host: string): HostileTarget => ({ url: `http://${host}:{port}/` })

export const hostileTargets: readonly HostileTarget[] = [
  // 127.0.0.1 in every notation a URL knows
  ...['127.0.0.1', '127.1', '127.0.1', '2130706433', '0x7f000001', '0x7F.1', '0x7f.0.0.0x1', '0177.0.0.1'].map(here),
  ...['017700000001', '127.0.0.1.', '127。0。0。1', '127．0．0．1', '１２７.０.０.１', '①②⑦.⓪.⓪.①'].map(here),
  ...['%31%32%37.0.0.1', '127.0.%30.1', '127.0.\t0.1', '127.0.0.1\n'].map(here),
  ...['127.0.0.2', '127.255.255.255', '0', '0.0.0.0', '0x0', '00', '000.000.000.000'].map(there),
  open('http:\\\\127.0.0.1:{port}\\'),
  open('  HTTP://127.0.0.1:{port}/../..//'),
  open('http:127.0.0.1:{port}'),
  open('http://127.0.0.1:{port}\\@public.test/'),

  // IPv6, and IPv4 inside it
  ...['[::1]', '[0:0:0:0:0:0:0:1]', '[::]', '[::7f00:1]', '[::127.0.0.1]', '[::ffff:0:127.0.0.1]'].map(there),
  ...['[::ffff:127.0.0.1]', '[::ffff:7f00:1]', '[0:0:0:0:0:FFFF:7F00:0001]'].map(there),
  ...['[64:ff9b::7f00:1]', '[2002:7f00:1::]', '[2001:0:7f00:1::]', '[fe80::1]', '[fec0::1]', '[fc00::1]'].map(there),
  ...['[ff02::1]', '[2001:db8::1]', '[100::1]', '[3fff::1]', '[5f00::1]', '[fe80::1%25eth0]'].map(there),

  // private networks, reserved ranges and the metadata services of clouds
  ...['10.0.0.1', '172.16.0.1', '192.168.0.1', '100.64.0.1', '198.18.0.1', '224.0.0.1', '255.255.255.255'].map(there),
  ...['169.254.169.254', '0xa9fea9fe', '2852039166', '[::ffff:169.254.169.254]', '[fd00:ec2::254]'].map(there),
  ...['100.100.100.200', '192.0.0.192', '168.63.129.16', 'metadata.google.internal'].map(there),

  // names
  ...['localhost', 'LOCALHOST', 'localhost.', 'foo.localhost', 'loopback.test', 'ＬＯＯＰＢＡＣＫ.test'].map(here),
  ...['private.test', 'mapped.test', 'mixed.test', 'mixed-last.test', 'nat64.test', 'zone.test', 'nonsense.test'].map(
    there,
  ),
  ...['empty.test', 'missing.test'].map(there),

  // a public face before a private host
  { url: 'http://public.test@127.0.0.1:{port}/' },
  { url: 'http://user:password@127.0.0.1:{port}/' },
  { url: 'http://public.test:80@127.0.0.1:{port}/' },

  // public addresses, but ports where a request is taken for orders
  ...[22, 25, 587, 3306, 5432, 6379, 11211].map((port) => ({ url: `http://public.test:${port}/` })),
  { url: 'http://1.1.1.1:6379/%0D%0ASET%20x%201%0D%0A' },
  { url: 'https://[2606:4700:4700::1111]:22/' },

  // other schemes
  ...['file:///etc/passwd', 'FILE://127.0.0.1/etc/passwd', 'gopher://127.0.0.1:{port}/_x', 'dict://127.0.0.1:{port}/'],
  ...['data:text/plain,x', 'ftp://127.0.0.1:{port}/', 'ldap://127.0.0.1:{port}/', 'ws://127.0.0.1:{port}/'],
  ...['unix:/var/run/docker.sock:/info', 'http+unix://%2Fvar%2Frun%2Fdocker.sock/info', 'http://unix:/var/run/x.sock'],
  ...['jar:http://127.0.0.1:{port}!/', 'blob:http://127.0.0.1:{port}/x', 'javascript:fetch("http://127.0.0.1:{port}")'],
  ...['', '/', '//127.0.0.1:{port}/', '127.0.0.1:{port}/', 'http://', 'http:///', 'http://127.0.0.1:99999/'],
].map((target) => (typeof target === 'string' ? { url: target } : target))

const v4 = (address: string): LookupAddress => ({ address, family: 4 })
const v6 = (address: string): LookupAddress => ({ address, family: 6 })

const names: Record<string, LookupAddress[]> = {
  localhost: [v4('127.0.0.1')],
  'localhost.': [v4('127.0.0.1')],
  'foo.localhost': [v4('127.0.0.1')],
  'loopback.test': [v4('127.0.0.1')],
  'public.test': [v4('93.184.215.14')],
  'private.test': [v4('10.0.0.1')],
  'mapped.test': [v6('::ffff:10.0.0.1')],
  'mixed.test': [v4('93.184.215.14'), v4('10.0.0.1')],
  'mixed-last.test': [v6('2606:4700:4700::1111'), v4('93.184.215.14'), v6('fd00::1')],
  'nat64.test': [v6('64:ff9b::7f00:1')],
  'zone.test': [v6('fe80::1%eth0')],
  'nonsense.test': [v4('not an address')],
  'metadata.google.internal': [v4('169.254.169.254')],
  unix: [v4('127.0.0.1')],
  'empty.test': [],
}

/** A resolver for the table: it never asks the network. */
export async function resolveHostile(hostname: string): Promise<LookupAddress[]> {
  const addresses = names[hostname]
  if (!addresses) throw Object.assign(new Error(`getaddrinfo ENOTFOUND ${hostname}`), { code: 'ENOTFOUND' })
  return addresses
}
