import { useQuery } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import { TriangleAlert } from 'lucide-react'
import classes from './Instance.module.css'
import { instanceQuery } from './instance-queries.ts'

/** Says, wherever a webhook's address is shown, that the address leads elsewhere. Nothing while it does not. */
export function PublicUrlWarning() {
  const { data } = useQuery(instanceQuery)
  if (data === undefined || data.public_url_check.ok) return null
  return (
    <p className={classes.reach} data-ok={false} role="status" data-testid="public-url-warning">
      <TriangleAlert size={15} aria-hidden />
      <span>
        Senders may not reach this address. {data.public_url_check.message}{' '}
        <Link to="/settings" search={{ part: 'instance' }}>
          Check the public URL
        </Link>
      </span>
    </p>
  )
}
