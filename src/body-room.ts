import type { FastifyInstance } from 'fastify'
import { AppError } from './errors.ts'
import { createRoom } from './room.ts'

/** Bodies up to this need no room: as many as there may be connections fit into memory. */
export const smallBytes = 64 * 1024
/** Of all larger bodies together. One becomes a value, a row and a record or two, and takes several times its size until its answer is out. */
const roomBytes = 40 * 1024 * 1024
/** A sender waits so long for room before it is sent away. */
const patienceMs = 5_000

declare module 'fastify' {
  interface FastifyRequest {
    /** Waits for room for the largest body there may be; set where nothing says how large it is. */
    makeRoom: (() => Promise<void>) | null
  }
}

interface BodyRoomOptions {
  bytes?: number
  waitMs?: number
}

/**
 * Bounds how much of large bodies is in memory at a time: who has one waits until there is room, with little or nothing of
 * it read, and is answered 503 when that takes too long. The room is left when the answer is out or the sender gone.
 */
export function registerBodyRoom(http: FastifyInstance, maxBodyBytes: number, options?: BodyRoomOptions): void {
  const { bytes = Math.max(roomBytes, maxBodyBytes), waitMs = patienceMs } = options ?? {}
  const room = createRoom({ bytes, waitMs, full: tooFull })
  // Not async: nearly all requests need no room, and a promise each is noticed.
  http.addHook('preParsing', (request, reply, payload, done) => {
    const enter = async (wanted: number) => {
      const leave = await room.enter(Math.min(wanted, maxBodyBytes))
      // Gone while it waited.
      if (reply.raw.closed) leave()
      else reply.raw.once('close', leave)
    }
    const { 'transfer-encoding': coding, 'content-length': length } = request.headers
    if (coding !== undefined) request.makeRoom = () => enter(maxBodyBytes)
    if (coding !== undefined || Number(length ?? 0) <= smallBytes) return done(null, payload)
    enter(Number(length)).then(() => done(null, payload), done)
  })
}

function tooFull(): AppError {
  const message = 'there are as many large bodies under way as fit into memory'
  return new AppError('overloaded', message, { headers: { 'retry-after': '5' } })
}
