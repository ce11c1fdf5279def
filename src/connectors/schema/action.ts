import { z } from 'zod'
import { pagination, requestMembers } from './request.ts'
import { form, identifier, shape, template } from './shape.ts'

export const status = z.enum(['active', 'draft', 'paused']).default('active')

/** One operation of a connector. Its templates see the form's values by their names, and `connectorAuth`. */
export const action = shape({
  name: identifier,
  title: z.string().min(1),
  description: z.string().optional(),
  tag: z.string().optional().describe('Groups actions in the palette'),
  status,
  ...requestMembers,
  form: form.optional(),
  output: template.default('{{ response.body }}').describe('Over response.body, response.status and response.headers'),
  paginated: z.boolean().default(false).describe('Whether "retrieve all data" is offered'),
  pagination: pagination.optional().describe('By default the connector’s pagination_config'),
  pre_save_flow: z.string().optional().describe('Flow that runs when a step with this action is saved'),
  on_delete_flow: z.string().optional().describe('Flow that runs when such a step is removed'),
})
