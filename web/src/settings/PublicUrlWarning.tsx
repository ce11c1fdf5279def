import { useQuery } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import { TriangleAlert } from 'lucide-react'

import { instanceQuery } from './instance-queries.ts'
import classes from './PublicUrlWarning.module.css'

/** Says, wherever a webhook's address is shown, that the address leads elsewhere. Nothing while it does not. */
export function PublicUrlWarning() {
  const { data } = useQuery(instanceQuery)
  if (data === undefined || data.public_url_check.ok) return null
  return (
    <p className={classes.warning} role="status" data-testid="public-url-warning">
      <TriangleAlert size={14} aria-hidden /> Senders may not reach this address. {data.public_url_check.message}{' '}
      <Link to="/settings" search={{ part: 'instance' }}>
        Check the public URL
      </Link>
    </p>
  )
}
