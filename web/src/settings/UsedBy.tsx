import { Link } from '@tanstack/react-router'
import { ApiError } from '../api.ts'
import { Foreign } from '../components/Foreign.tsx'
import classes from './UsedBy.module.css'

/** The flows that stand in the way of deleting something; nothing when it was refused for another reason. */
export function UsedBy({ error }: { error: unknown }) {
  return <FlowLinks flows={flowsOf(error)} />
}

/** Flows by name, each leading to it; nothing when there are none. */
export function FlowLinks({ flows }: { flows: readonly { id: string; name: string }[] }) {
  if (flows.length === 0) return null
  return (
    <ul className={classes.flows} aria-label="Flows that use it">
      {flows.map(({ id, name }) => (
        <li key={id}>
          <Link to="/flows/$flowId" params={{ flowId: id }}>
            <Foreign>{name}</Foreign>
          </Link>
        </li>
      ))}
    </ul>
  )
}

function flowsOf(error: unknown): { id: string; name: string }[] {
  if (!(error instanceof ApiError) || error.status !== 409) return []
  const { data } = error
  if (typeof data !== 'object' || data === null || !('flows' in data) || !Array.isArray(data.flows)) return []
  return data.flows.flatMap((flow) =>
    typeof flow === 'object' && flow !== null && 'id' in flow && 'name' in flow
      ? [{ id: String(flow.id), name: String(flow.name) }]
      : [],
  )
}
