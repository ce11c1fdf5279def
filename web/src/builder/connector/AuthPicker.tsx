import { Button, Select } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { CircleCheck, CircleX, Plus } from 'lucide-react'
import { useState } from 'react'
import { TimeAgo } from '../../components/TimeAgo.tsx'
import type { ConnectorJson } from '../catalogue.ts'
import { authsQuery } from './auth-queries.ts'
import classes from './connector.module.css'
import { NewAuthDialog } from './NewAuthDialog.tsx'

/** One of the connector's stored logins, with what is known of it, or a new one made in place. */
export function AuthPicker({
  connector,
  value,
  onChange,
}: {
  connector: ConnectorJson
  /** Its id. */
  value: string | null
  onChange: (id: string | null) => void
}) {
  const { data: auths = [] } = useQuery(authsQuery(connector.name))
  const [creating, setCreating] = useState(false)
  const chosen = auths.find(({ id }) => id === value)
  return (
    <>
      <div className={classes.authRow}>
        <Select
          aria-label="Connector auth"
          placeholder={auths.length === 0 ? 'None yet' : 'Choose…'}
          data={auths.map(({ id, name }) => ({ value: id, label: name }))}
          value={value}
          clearable
          onChange={onChange}
        />
        <Button variant="default" leftSection={<Plus size={15} aria-hidden />} onClick={() => setCreating(true)}>
          New
        </Button>
      </div>
      {chosen?.check ? (
        <span className={classes.check} data-ok={chosen.check.ok}>
          {chosen.check.ok ? <CircleCheck size={14} aria-hidden /> : <CircleX size={14} aria-hidden />}
          {chosen.check.ok ? 'works' : chosen.check.message} · checked <TimeAgo at={chosen.check.at} />
        </span>
      ) : null}
      <NewAuthDialog
        opened={creating}
        onClose={() => setCreating(false)}
        connector={connector}
        onCreated={(id) => {
          setCreating(false)
          onChange(id)
        }}
      />
    </>
  )
}
