import { SegmentedControl, Select, Textarea, TextInput } from '@mantine/core'
import { isJsonObject, type JsonObject } from '../../../src/flow/json.ts'
import classes from './EditConnectorPage.module.css'

const statuses = [
  { value: 'active', label: 'Active' },
  { value: 'draft', label: 'Draft' },
  { value: 'paused', label: 'Paused' },
]

/** The fields that stand at the top of every connector. */
export function MainFields({
  document,
  set,
  isNew,
}: {
  document: JsonObject | null
  set: (change: JsonObject) => void
  isNew: boolean
}) {
  const text = (key: string) => (typeof document?.[key] === 'string' ? (document[key] as string) : '')
  const isOff = document === null
  const tags = Array.isArray(document?.tags) ? document.tags.map(String).join(', ') : ''
  const field = (key: string, label: string, description: string) => (
    <TextInput
      label={label}
      description={description}
      disabled={isOff}
      value={text(key)}
      onChange={(event) => set({ [key]: event.currentTarget.value })}
    />
  )
  return (
    <div className={classes.fields}>
      <TextInput
        label="Name"
        description="Stands in flows; can’t be changed later"
        disabled={isOff || !isNew}
        value={text('name')}
        onChange={(event) => set({ name: event.currentTarget.value })}
      />
      {field('title', 'Title', 'What people see')}
      <Textarea
        label="Description"
        autosize
        minRows={2}
        maxRows={5}
        disabled={isOff}
        value={text('description')}
        onChange={(event) => set({ description: event.currentTarget.value })}
      />
      {field('base_domain', 'Base address', 'What endpoints are appended to')}
      <TextInput
        label="Tags"
        description="Separated by commas"
        disabled={isOff}
        value={tags}
        onChange={(event) => set({ tags: event.currentTarget.value.split(/,\s*/) })}
      />
      <div>
        <p className={classes.label}>Status</p>
        <SegmentedControl
          fullWidth
          size="xs"
          aria-label="Status"
          disabled={isOff}
          data={statuses}
          value={text('status') || 'active'}
          onChange={(status) => set({ status })}
        />
      </div>
      <Select
        label="Login"
        description="More types, forms and OAuth stand in the JSON"
        disabled={isOff}
        data={[
          { value: 'api_key', label: 'API key' },
          { value: 'basic_auth', label: 'Basic auth' },
          { value: 'username_password', label: 'User name and password' },
        ]}
        placeholder={authText(document)}
        value={null}
        onChange={(type) => {
          if (type !== null) set({ auth_config: { [type]: {} } })
        }}
      />
    </div>
  )
}

function authText(document: JsonObject | null): string {
  const types = isJsonObject(document?.auth_config) ? Object.keys(document.auth_config) : []
  return types.length === 0 ? 'None' : types.join(', ')
}
