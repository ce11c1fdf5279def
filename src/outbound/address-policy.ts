import ipaddr from 'ipaddr.js'

type Address = ipaddr.IPv4 | ipaddr.IPv6
type Network = [Address, number]

/**
 * Of IPv6 only the global unicast block holds public addresses; within it these do not (IANA's special-purpose registry,
 * RFC 6890). Everything else, such as the deprecated `::127.0.0.1`, NAT64 and unique local addresses, lies outside.
 */
const globalUnicast = ipaddr.parseCIDR('2000::/3')
const notPublic6 = (['2001::/23', '2001:db8::/32', '2002::/16', '3fff::/20'] as const).map((cidr) =>
  ipaddr.parseCIDR(cidr),
)

/** Public by its number, but it is the virtual machine's own host: Azure's WireServer hands out credentials. */
const metadata4 = new Set(['168.63.129.16'])

/**
 * Ports on which no web server listens but something that a crafted HTTP request could give orders to: the "bad ports"
 * of the Fetch standard (fetch.spec.whatwg.org/#port-blocking) and the usual ports of databases, queues and caches.
 */
const badPorts = new Set([
  1, 7, 9, 11, 13, 15, 17, 19, 20, 21, 22, 23, 25, 37, 42, 43, 53, 69, 77, 79, 87, 95, 101, 102, 103, 104, 109, 110,
  111, 113, 115, 117, 119, 123, 135, 137, 139, 143, 161, 179, 389, 427, 465, 512, 513, 514, 515, 526, 530, 531, 532,
  540, 548, 554, 556, 563, 587, 601, 636, 989, 990, 993, 995, 1719, 1720, 1723, 2049, 3659, 4045, 4190, 5060, 5061,
  6000, 6566, 6665, 6666, 6667, 6668, 6669, 6679, 6697, 10080, 445, 1433, 1521, 3306, 3389, 5432, 5672, 6379, 6380,
  9042, 11211, 27017,
])

export interface AddressPolicy {
  /** Why a connection must not be made, in words that complete "the address is …"; undefined when it may. */
  refusal(address: string, port: number): string | undefined
}

/**
 * Decides which addresses may be connected to: a positive list, so that what nobody thought of is refused.
 *
 * `allow` opens further networks, on all ports. An IPv4 address written as IPv6 (`::ffff:127.0.0.1`) is judged as the
 * IPv4 address that it is.
 *
 * Errors: a network in `allow` that is not CIDR notation.
 */
export function createAddressPolicy(allow: readonly string[]): AddressPolicy {
  const networks = allow.map((cidr) => parseNetwork(cidr))
  return {
    refusal(text, port) {
      if (!ipaddr.isValid(text)) return 'not an address'
      const address = ipaddr.process(text)
      if (networks.some((network) => contains(network, address))) return undefined
      const range = specialRange(address)
      if (range !== undefined) return range
      return badPorts.has(port) ? `not to be called on port ${port}` : undefined
    },
  }
}

/** The name of the range that keeps an address from being public. */
function specialRange(address: Address): string | undefined {
  const range = address.range()
  if (address instanceof ipaddr.IPv4) {
    if (metadata4.has(address.toString())) return 'a metadata service'
    return range === 'unicast' ? undefined : (words[range] ?? 'reserved')
  }
  const isPublic = contains(globalUnicast, address) && !notPublic6.some((network) => contains(network, address))
  return isPublic ? undefined : (words[range] ?? 'reserved')
}

const words: Partial<Record<string, string>> = {
  loopback: 'this machine (loopback)',
  private: 'in a private network',
  uniqueLocal: 'in a private network',
  linkLocal: 'link-local',
  carrierGradeNat: "in a provider's private network",
  multicast: 'a multicast group',
}

function contains([network, prefix]: Network, address: Address): boolean {
  if (network instanceof ipaddr.IPv4) return address instanceof ipaddr.IPv4 && address.match(network, prefix)
  return address instanceof ipaddr.IPv6 && address.match(network, prefix)
}

function parseNetwork(cidr: string): Network {
  try {
    return ipaddr.parseCIDR(cidr)
  } catch (cause) {
    throw new Error(`${JSON.stringify(cidr)} is not a network in CIDR notation, such as 10.0.0.0/8`, { cause })
  }
}
