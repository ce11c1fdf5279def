import type { FastifyInstance } from 'fastify'
import { AppError } from './errors.ts'
import type { Memory } from './memory.ts'
import { createRoom } from './room.ts'

/** Bodies up to this need no room: as many as there may be connections fit into memory. */
export const smallBytes = 64 * 1024
/** Bodies up to this have a room of their own, so that the largest do not hold them up. */
const middlingBytes = 1024 * 1024
const middlingRoomBytes = 10 * 1024 * 1024
/** Of all larger bodies together. One becomes a value, a row and a record or two, and takes several times its size until its answer is out. */
const roomBytes = 40 * 1024 * 1024
/** Who waits has up to 128 KiB in memory already: others are sent away when so many times the room is waited for. */
const waitingFactor = 4
/** A sender waits so long for room before it is sent away. */
const patienceMs = 5_000

declare module 'fastify' {
  interface FastifyRequest {
    /** Waits for room for the largest body there may be; set where nothing says how large it is. */
    makeRoom: (() => Promise<void>) | null
  }
}

interface BodyRoomOptions {
  memory?: Memory
  bytes?: number
  waitMs?: number
}

/**
 * Bounds how much of large bodies is in memory at a time: who has one waits until there is room, with little or nothing of
 * it read, and is answered 503 when that takes too long or too many wait already. The room is left when the answer is out or the sender gone.
 */
export function registerBodyRoom(http: FastifyInstance, maxBodyBytes: number, options?: BodyRoomOptions): void {
  const { memory = { share: 1, makeReady: () => undefined }, waitMs = patienceMs } = options ?? {}
  const { bytes = Math.max(roomBytes * memory.share, maxBodyBytes) } = options ?? {}
  const roomOf = (most: number) =>
    createRoom({ bytes: most, waitingBytes: waitingFactor * most, waitMs, full: tooFull })
  const middlingRoom = roomOf(middlingRoomBytes * memory.share)
  const largeRoom = roomOf(bytes)
  // Not async: nearly all requests need no room, and a promise each is noticed.
  http.addHook('preParsing', (request, reply, payload, done) => {
    const enter = async (wanted: number) => {
      const isLarge = wanted > middlingBytes
      const leave = await (isLarge ? largeRoom : middlingRoom).enter(Math.min(wanted, maxBodyBytes))
      // Gone while it waited.
      if (reply.raw.closed) return leave()
      reply.raw.once('close', leave)
      memory.makeReady(wanted)
    }
    const { 'transfer-encoding': coding, 'content-length': length } = request.headers
    if (coding !== undefined) request.makeRoom = () => enter(maxBodyBytes)
    const said = Number(length ?? 0)
    // What is larger than its route takes is refused unread.
    const isTooLarge = said > (request.routeOptions.bodyLimit ?? maxBodyBytes)
    if (coding !== undefined || said <= smallBytes || isTooLarge) return done(null, payload)
    enter(said).then(() => done(null, payload), done)
  })
}

function tooFull(): AppError {
  const message = 'there are as many large bodies under way as fit into memory'
  return new AppError('overloaded', message, { headers: { 'retry-after': '5' } })
}
