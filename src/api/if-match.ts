import type { FastifyReply } from 'fastify'
import { AppError } from '../errors.ts'
import type { IfMatch } from '../storage/tag.ts'

/** One tag of a list: as an `ETag` header has it, weak or strong, or bare, as `3` for a flow's version. */
const oneTag = /^\s*(?:(?:W\/)?"([\x21\x23-\x7e\x80-\xff]*)"|([\w.-]+))\s*(?:,|$)/

/**
 * Reads `If-Match` (RFC 9110, 13.1.1): a list of tags, or `*`.
 *
 * Weak tags count as strong ones: proxies that compress make them weak, and what they name is the state of the thing all
 * the same. Errors: `invalid_request`.
 */
export function readIfMatch(header: string | undefined): IfMatch {
  if (header === undefined) return undefined
  if (header.trim() === '*') return '*'
  const tags: string[] = []
  for (let rest = header; rest !== '' || tags.length === 0; ) {
    const match = oneTag.exec(rest)
    if (match === null) {
      throw new AppError('invalid_request', 'If-Match: send the ETag of the answer that the change is based on, or *')
    }
    tags.push(match[1] ?? match[2] ?? '')
    rest = rest.slice(match[0].length)
  }
  return tags
}

/** Says which state of the thing an answer is about. */
export function setEtag(reply: FastifyReply, { tag }: { tag: string }): void {
  reply.header('etag', `"${tag}"`)
}
