import { z } from 'zod'
import { httpsLink, shape, template, templatedJson } from './shape.ts'

/**
 * One call of a vendor, as templates. Relative endpoints are appended to `base_domain`; a rendered address that starts
 * with `https://` stands for itself, and carries the credential only if its host is that of `base_domain` or one of
 * `other_hosts`. A rendered path with a segment `.` or `..` is refused: a value must not lead to another endpoint.
 */
export const requestMembers = {
  method: z.enum(['GET', 'POST', 'PUT', 'PATCH', 'DELETE', 'HEAD']).default('GET'),
  endpoint: template.describe('Path below base_domain, or a whole address'),
  query: z
    .record(z.string(), templatedJson)
    .default({})
    .describe('Appended to the address; a list repeats its key, what yields nothing is left out'),
  headers: z.record(z.string(), template).default({}).describe('Beside those of the credential and the content type'),
  body: templatedJson.optional().describe('Sent as body_type says; members that yield nothing are left out'),
  body_type: z
    .enum(['json', 'form', 'text'])
    .default('json')
    .describe('form: application/x-www-form-urlencoded, nested members as a[b]'),
  form_lists: z
    .enum(['indexed', 'brackets', 'repeated'])
    .default('indexed')
    .describe('How a form body writes a list: a[0]=1, a[]=1 or a=1&a=1'),
  credential: z.boolean().default(true).describe('Whether the auth is put on it; off where the templates do that'),
  failure: shape({
    when: template.describe('True when an answer with a 2xx status is a refusal all the same'),
    message: template.describe('The vendor’s words in it'),
  })
    .optional()
    .describe('For vendors that answer errors with 200; overrides the connector’s'),
  docs: httpsLink.optional(),
}

export const request = shape(requestMembers)

/** How a list that comes in pieces is read to its end, at most 100 pieces. */
const maxPages = z.int().min(1).max(100).default(100)
const items = template
  .optional()
  .describe('The list in one answer; by default what output (of an action) or items (of a trigger’s list) yields')

export const pagination = z.discriminatedUnion('type', [
  shape({
    type: z.literal('page'),
    page_param: z.string().default('page'),
    first_page: z.int().min(0).default(1),
    size_param: z.string().optional(),
    size: z.int().min(1).optional(),
    items,
    more: template.optional().describe('Whether another page follows; by default until a page has no items'),
    max_pages: maxPages,
  }),
  shape({
    type: z.literal('offset'),
    offset_param: z.string().default('offset'),
    size_param: z.string().default('limit'),
    size: z.int().min(1),
    items,
    more: template.optional().describe('Whether more follows; by default while a piece is full'),
    max_pages: maxPages,
  }),
  shape({
    type: z.literal('cursor'),
    cursor_param: z.string().describe('Query parameter that takes the cursor; with in: body a dotted path in the body'),
    in: z.enum(['query', 'body']).default('query'),
    cursor: template.describe('The next cursor in an answer; nothing or empty text ends the list'),
    size_param: z.string().optional().describe('Stands where the cursor does'),
    size: z.int().min(1).optional(),
    items,
    max_pages: maxPages,
  }),
  shape({
    type: z.literal('link_header').describe('RFC 8288: Link: <…>; rel="next"'),
    size_param: z.string().optional(),
    size: z.int().min(1).optional(),
    items,
    max_pages: maxPages,
  }),
  shape({
    type: z.literal('next_url'),
    next_url: template.describe('The next address in an answer, whole or relative; nothing ends the list'),
    size_param: z.string().optional(),
    size: z.int().min(1).optional(),
    items,
    max_pages: maxPages,
  }),
])
