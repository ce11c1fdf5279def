import { Autocomplete, Button } from '@mantine/core'
import { CircleAlert, TriangleAlert } from 'lucide-react'
import { useId, useMemo } from 'react'
import type { Json, JsonObject } from '../../../../src/flow/json.ts'
import { stringifyJson } from '../../../../src/flow/json.ts'
import { DataTree } from '../DataTree.tsx'
import { PairsField } from '../form/PairsField.tsx'
import classes from '../panel.module.css'
import { previewContext } from '../samples.ts'
import { marksOf, type Preview, usePreview } from '../template/preview.ts'
import { TemplateField } from '../template/TemplateField.tsx'
import { useTemplateScope } from '../template/template-context.ts'
import { useStepInput } from '../use-step-input.ts'
import { statusProblem } from './status-code.ts'

const statusCodes = [
  '200 OK',
  '201 Created',
  '202 Accepted',
  '204 No Content',
  '301 Moved Permanently',
  '302 Found',
  '400 Bad Request',
  '401 Unauthorized',
  '403 Forbidden',
  '404 Not Found',
  '409 Conflict',
  '422 Unprocessable Content',
  '429 Too Many Requests',
  '500 Internal Server Error',
  '503 Service Unavailable',
]

/** What the sender gets: written, rendered and explained in one view. */
export function ResponseTab({ stepRef }: { stepRef: string }) {
  const { input, set } = useStepInput(stepRef)
  const scope = useTemplateScope()
  const context = useMemo(() => previewContext(scope), [scope])
  const response = readResponse(input)
  const isAsync = input.async === true
  const body = textOf(response.body)
  const preview = usePreview(body, context)
  const change = (member: 'status_code' | 'body' | 'headers', value: Json) =>
    set({ ...input, response: { ...response, [member]: value } }, `response.${member}`)
  return (
    <div className={classes.sections}>
      {isAsync ? (
        <p className={classes.info} role="status">
          The flow answers at once: the sender always gets <code>200</code> and <code>null</code>. Turn off “Answer at
          once” in Setup to use this response; it is kept.
        </p>
      ) : null}
      <StatusCodeField
        value={textOf(response.status_code ?? '200')}
        disabled={isAsync}
        onChange={(value) => change('status_code', value)}
      />
      <BodyField body={body} preview={preview} readOnly={isAsync} onChange={(value) => change('body', value)} />
      <PreviewBox preview={preview} />
      <DataTree />
      <div data-field="response.headers">
        <div className={classes.label}>Response headers</div>
        <PairsField
          label="Response headers"
          path="response.headers"
          schema={{}}
          value={response.headers}
          onChange={(headers) => change('headers', headers ?? {})}
          onBlur={() => undefined}
          problem={undefined}
        />
      </div>
    </div>
  )
}

function StatusCodeField({
  value,
  disabled,
  onChange,
}: {
  value: string
  disabled: boolean
  onChange: (value: string) => void
}) {
  return (
    <div data-field="response.status_code">
      <Autocomplete
        label="HTTP status code"
        description="200 to 599, or a template"
        value={value}
        disabled={disabled}
        data={statusCodes}
        // A chosen entry keeps its number only; the list shows everything while the field holds a plain code.
        onChange={(text) => onChange(statusCodes.includes(text) ? text.slice(0, 3) : text)}
        filter={({ options, search }) =>
          /^\d{3}$/.test(search)
            ? options
            : options.filter((each) => 'label' in each && each.label.toLowerCase().includes(search.toLowerCase()))
        }
        error={statusProblem(value)}
        comboboxProps={{ shadow: 'md' }}
        className={classes.short}
      />
    </div>
  )
}

function BodyField({
  body,
  preview,
  readOnly,
  onChange,
}: {
  body: string
  preview: Preview
  readOnly: boolean
  onChange: (value: string) => void
}) {
  const problemsId = useId()
  return (
    <div data-field="response.body">
      <div className={classes.label}>Response body (Jinja2)</div>
      <TemplateField
        multiline
        label="Response body"
        value={body}
        onChange={onChange}
        readOnly={readOnly}
        describedBy={problemsId}
        invalid={preview.state === 'error'}
        problems={marksOf(preview)}
        placeholder={'{"ok": true}'}
      />
      <ul id={problemsId} className={classes.problems} aria-live="polite" data-testid="template-problems">
        {preview.problems.map(({ severity, message, line, column, fix }) => (
          <li key={`${line}:${column}:${message}`} data-severity={severity}>
            {severity === 'error' ? <CircleAlert size={14} aria-hidden /> : <TriangleAlert size={14} aria-hidden />}
            <span>{firstLine(message, line, column)}</span>
            {fix ? (
              <Button size="compact-xs" variant="light" onClick={() => onChange(fix.template)}>
                {fix.label}
              </Button>
            ) : null}
          </li>
        ))}
      </ul>
    </div>
  )
}

/** The engine's message without its drawing of the source, since the place is underlined; line and column are said. */
function firstLine(message: string, line: number, column: number): string {
  const [head = ''] = message.split('\n')
  return /line \d+/.test(head) ? head : `${head} (line ${line}, column ${column})`
}

const kinds = { json: '{} JSON', text: 'Text', error: 'Error', empty: '{} JSON', loading: '…' } as const

function PreviewBox({ preview }: { preview: Preview }) {
  return (
    <section className={classes.preview} aria-label="Preview" data-testid="preview">
      <div className={classes.previewHead}>
        <span className={classes.label}>Preview</span>
        <span className={classes.kind} data-kind={preview.state} data-testid="preview-kind">
          {kinds[preview.state]}
        </span>
      </div>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: long output scrolls, and scrolling needs the keyboard too. */}
      <pre className={classes.output} tabIndex={0}>
        {preview.state === 'error' ? 'Nothing is sent: the template can’t be rendered.' : preview.text}
      </pre>
      {preview.state === 'empty' ? <p className={classes.note}>An empty body sends null.</p> : null}
    </section>
  )
}

function readResponse(input: JsonObject): JsonObject {
  const { response } = input
  return typeof response === 'object' && response !== null && !Array.isArray(response) && !(response instanceof Number)
    ? response
    : {}
}

function textOf(value: Json | undefined): string {
  if (value === undefined) return ''
  return typeof value === 'string' ? value : stringifyJson(value)
}
