import { Modal } from '@mantine/core'
import { lazy, Suspense } from 'react'
import { isolated } from '../../components/foreign-text.ts'
import type { AuthJson } from '../../connector-auths/auth-queries.ts'
import { useConsent } from '../../connector-auths/consent.ts'
import { Refusal } from '../../settings/Listing.tsx'
import { Loading } from '../../shell/root-route.tsx'
import type { ConnectorJson } from '../catalogue.ts'

/** Only who makes a login needs the form. */
const AuthForm = lazy(() =>
  import('../../connector-auths/AuthForm.tsx').then(({ AuthForm: Form }) => ({ default: Form })),
)

/** A new login without leaving the page. Its secrets are written and never read again. */
export function NewAuthDialog({
  opened,
  onClose,
  connector,
  onCreated,
}: {
  opened: boolean
  onClose: () => void
  connector: ConnectorJson
  onCreated: (id: string) => void
}) {
  const consent = useConsent()
  const saved = ({ id, auth_type, secrets_set }: AuthJson) => {
    onCreated(id)
    if (auth_type === 'oauth2' && !secrets_set.includes('access_token')) consent.start(id)
  }
  return (
    <>
      <Modal
        opened={opened}
        onClose={onClose}
        title={`New connector auth for ${isolated(connector.title)}`}
        closeButtonProps={{ 'aria-label': 'Close' }}
      >
        <Suspense fallback={<Loading />}>
          <AuthForm opened={null} connector={connector.name} isFixed onSaved={saved} onCancel={onClose} />
        </Suspense>
      </Modal>
      {consent.problem === null ? null : <Refusal>{consent.problem}</Refusal>}
    </>
  )
}
