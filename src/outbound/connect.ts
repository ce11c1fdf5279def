import type { LookupAddress } from 'node:dns'
import { lookup } from 'node:dns/promises'
import { connect as connectSocket, isIP, type LookupFunction, type Socket } from 'node:net'
import { buildConnector } from 'undici'
import type { AddressPolicy } from './address-policy.ts'
import { OutboundError } from './outbound-error.ts'

/** All addresses of a host name. */
export type Resolve = (hostname: string) => Promise<LookupAddress[]>

/** The system's resolver, so that /etc/hosts and search domains mean what they mean everywhere else on the machine. */
export const systemResolve: Resolve = (hostname) => lookup(hostname, { all: true })

interface ConnectorOptions {
  policy: AddressPolicy
  resolve: Resolve
  /** For name, connection and TLS handshake together. */
  timeoutMs: number
}

/**
 * Makes the connections of the pool: the place where every one of them is checked.
 *
 * It looks the name up once, checks every address, connects to one of the addresses it has checked, and checks once
 * more who is at the other end before a byte is sent. A name that answers differently the second time (DNS rebinding)
 * gains nothing, because there is no second time. A hook in `lookup` would not do: Node never calls it for a literal
 * such as 127.0.0.1.
 */
export function createConnector({ policy, resolve, timeoutMs }: ConnectorOptions): buildConnector.connector {
  const secure = buildConnector({ allowH2: false, timeout: timeoutMs })

  async function establish(target: buildConnector.Options, signal: AbortSignal): Promise<Socket> {
    const port = Number(target.port) || (target.protocol === 'https:' ? 443 : 80)
    const addresses = await permittedAddresses(target.hostname, port, policy, resolve)
    signal.throwIfAborted()
    const socket = connectSocket({ host: target.hostname, port, lookup: answer(addresses), autoSelectFamily: true })
    socket.setNoDelay(true)
    signal.addEventListener('abort', () => socket.destroy())
    await connected(socket, target)
    if (socket.remoteAddress === undefined) {
      throw new OutboundError('connect', `${target.hostname} closed the connection at once`)
    }
    const refusal = policy.refusal(socket.remoteAddress, port)
    if (refusal !== undefined) {
      socket.destroy()
      throw blocked(target.hostname, refusal)
    }
    if (target.protocol !== 'https:') return socket
    return new Promise((resolve, reject) => {
      secure({ ...target, httpSocket: socket }, (error, tlsSocket) => {
        if (error) {
          socket.destroy()
          reject(tlsError(error, target.hostname))
        } else resolve(tlsSocket)
      })
    })
  }

  return (target, callback) => {
    const abort = new AbortController()
    const late = Promise.withResolvers<never>()
    const timer = setTimeout(() => {
      late.reject(new OutboundError('timeout', `${target.hostname}: no connection within ${timeoutMs} ms`))
      abort.abort()
    }, timeoutMs)
    Promise.race([late.promise, establish(target, abort.signal)])
      .finally(() => clearTimeout(timer))
      .then(
        (socket) => callback(null, socket),
        (error: Error) => callback(error, null),
      )
  }
}

/**
 * The addresses to try, every one permitted. One forbidden address among good ones refuses the whole name: nobody has
 * such names for a good reason.
 *
 * `localhost` is the exception, since it always means this machine (RFC 6761 6.3): whoever allows 127.0.0.0/8 can call
 * it even if it has the address ::1 as well.
 */
async function permittedAddresses(hostname: string, port: number, policy: AddressPolicy, resolve: Resolve) {
  const addresses = isIP(hostname) ? [{ address: hostname, family: isIP(hostname) }] : await lookUp(hostname, resolve)
  const refusals = addresses.map(({ address }) => policy.refusal(address, port))
  const permitted = addresses.filter((_, index) => refusals[index] === undefined)
  const refusal = refusals.find((each) => each !== undefined)
  const mixedIsFine = /(^|\.)localhost\.?$/.test(hostname) && permitted.length > 0
  if (refusal === undefined || mixedIsFine) return permitted
  throw blocked(hostname, refusal)
}

async function lookUp(hostname: string, resolve: Resolve): Promise<LookupAddress[]> {
  const addresses = await resolve(hostname).catch((error: NodeJS.ErrnoException) => {
    throw new OutboundError('dns', `${hostname} can't be resolved (${error.code ?? error.message})`, error.code)
  })
  if (addresses.length === 0) throw new OutboundError('dns', `${hostname} has no address`)
  return addresses
}

/** Says which kind of address it is but not which: names of inside networks are not for strangers to look up. */
function blocked(hostname: string, refusal: string): OutboundError {
  return new OutboundError(
    'blocked',
    `${hostname} must not be called, because its address is ${refusal}; the operator can open private networks with HOOKLINE_OUTBOUND_ALLOW`,
  )
}

/** A lookup that knows one answer: the addresses that were checked. Node asks it for all of them, or for one. */
function answer(addresses: LookupAddress[]): LookupFunction {
  return (_hostname, options, callback) => {
    if (options.all) callback(null, addresses)
    else callback(null, addresses[0]!.address, addresses[0]!.family)
  }
}

function connected(socket: Socket, { hostname }: buildConnector.Options): Promise<void> {
  return new Promise((resolve, reject) => {
    const failed = (error?: NodeJS.ErrnoException) => {
      const code = error?.code
      reject(new OutboundError('connect', `${hostname}: no connection (${code ?? 'closed'})`, code))
    }
    socket.once('connect', resolve)
    // Both stay: once connected they reject nothing, and a socket whose errors nobody hears would end the process.
    socket.on('error', failed).on('close', () => failed())
  })
}

/** A broken connection may be whole next time; a certificate that is not good won't be. */
function tlsError(error: NodeJS.ErrnoException, hostname: string): OutboundError {
  const { code, message } = error
  if (code === 'ECONNRESET' || code === 'EPIPE' || code === 'ETIMEDOUT') {
    return new OutboundError('connect', `${hostname} closed the connection during the TLS handshake`, code)
  }
  return new OutboundError('tls', `${hostname}: no secure connection: ${message}`, code)
}
