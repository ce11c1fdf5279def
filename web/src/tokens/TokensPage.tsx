import { Button, Modal } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { KeySquare, Plus, TriangleAlert } from 'lucide-react'
import { useState } from 'react'
import { messageOf } from '../api.ts'
import { EmptyState } from '../components/EmptyState.tsx'
import { Foreign } from '../components/Foreign.tsx'
import { isolated } from '../components/foreign-text.ts'
import { PageBar } from '../components/PageBar.tsx'
import { TimeAgo } from '../components/TimeAgo.tsx'
import { Confirm } from '../settings/Confirm.tsx'
import { Listing, Page, Refusal, RowActions } from '../settings/Listing.tsx'
import { Loading } from '../shell/root-route.tsx'
import { type Expiry, ExpiryField, expiryDays, NeverConfirm } from './ExpiryField.tsx'
import { NewTokenForm } from './NewTokenForm.tsx'
import { ShownOnce } from './ShownOnce.tsx'
import classes from './TokensPage.module.css'
import { expiryText, tokenState } from './token-age.ts'
import { type ShownToken, type TokenJson, tokensQuery, useRegenerateToken, useRevokeToken } from './token-queries.ts'

/** Personal access tokens: what they may do, when they end, when they were used. */
export function TokensPage() {
  const tokens = useQuery(tokensQuery)
  const [isCreating, setCreating] = useState(false)
  const [shown, setShown] = useState<ShownToken | null>(null)
  const create = () => setCreating(true)
  return (
    <>
      <PageBar title="Personal Access Tokens">
        {tokens.data?.length ? (
          <Button leftSection={<Plus size={16} aria-hidden />} onClick={create}>
            New token
          </Button>
        ) : null}
      </PageBar>
      <Page>
        {tokens.error === null ? null : <Refusal>{messageOf(tokens.error)}</Refusal>}
        {tokens.data === undefined && tokens.error === null ? <Loading /> : null}
        {tokens.data?.length === 0 ? (
          <EmptyState
            icon={<KeySquare size={26} />}
            title="No tokens yet"
            actions={<Button onClick={create}>New token</Button>}
          >
            A token lets a program act for you: call the API, or run any webhook flow as its Bearer token.
          </EmptyState>
        ) : null}
        {tokens.data?.length ? (
          <Listing caption="Personal access tokens" columns={['Note', 'Scopes', 'Created', 'Last used', 'Expires', '']}>
            {tokens.data.map((token) => (
              <TokenRow key={token.id} token={token} show={setShown} />
            ))}
          </Listing>
        ) : null}
      </Page>
      <Modal
        opened={isCreating}
        onClose={() => setCreating(false)}
        title="New token"
        size="lg"
        closeButtonProps={{ 'aria-label': 'Close' }}
      >
        <NewTokenForm
          cancel={() => setCreating(false)}
          created={(token) => {
            setCreating(false)
            setShown(token)
          }}
        />
      </Modal>
      <ShownOnce token={shown} close={() => setShown(null)} />
    </>
  )
}

function TokenRow({ token, show }: { token: TokenJson; show: (token: ShownToken) => void }) {
  const [asking, setAsking] = useState<'regenerate' | 'revoke' | null>(null)
  const revoke = useRevokeToken()
  const state = tokenState(token, Date.now())
  const name = token.note === '' ? 'without a note' : token.note
  return (
    <tr data-state={state}>
      <td className={classes.note}>
        <Foreign>{token.note === '' ? '–' : token.note}</Foreign>
      </td>
      <td>
        <span className={classes.scopes}>
          {token.scopes.map((scope) => (
            <code key={scope}>{scope}</code>
          ))}
        </span>
      </td>
      <td className={classes.time} data-label="Created">
        <TimeAgo at={token.created_at} />
      </td>
      <td className={classes.time} data-label="Last used">
        {state === 'unused' ? <Mark>Unused for 90 days</Mark> : null}{' '}
        {token.last_used === null ? 'never' : <TimeAgo at={token.last_used} />}
      </td>
      <td className={classes.time} data-label="Expires">
        {state === 'expired' ? <Mark>Expired</Mark> : null} {expiryText(token.expiration, Date.now())}
      </td>
      <td>
        <RowActions>
          <Button size="xs" variant="default" onClick={() => setAsking('regenerate')} aria-label={`Regenerate ${name}`}>
            Regenerate
          </Button>
          <Button size="xs" variant="default" onClick={() => setAsking('revoke')} aria-label={`Revoke ${name}`}>
            Revoke
          </Button>
        </RowActions>
        <Confirm
          opened={asking === 'revoke'}
          onClose={() => setAsking(null)}
          title={`Revoke “${isolated(name)}”?`}
          action="Revoke"
          danger
          isPending={revoke.isPending}
          error={revoke.error}
          onConfirm={() => revoke.mutate(token.id)}
        >
          Whoever uses it is refused at once.
        </Confirm>
        <Regenerate
          token={token}
          name={name}
          opened={asking === 'regenerate'}
          close={() => setAsking(null)}
          show={show}
        />
      </td>
    </tr>
  )
}

function Regenerate({
  token,
  name,
  opened,
  close,
  show,
}: {
  token: TokenJson
  name: string
  opened: boolean
  close: () => void
  show: (token: ShownToken) => void
}) {
  const regenerate = useRegenerateToken()
  const [expiry, setExpiry] = useState<Expiry>({ choice: '90', date: '' })
  const [isCertain, setCertain] = useState(false)
  const days = expiryDays(expiry, Date.now())
  const start = () => {
    if (days === undefined || (days === null && !isCertain)) return
    regenerate.mutate(
      { id: token.id, expiration: days },
      {
        onSuccess: (made) => {
          regenerate.reset()
          close()
          show(made)
        },
      },
    )
  }
  return (
    <Confirm
      opened={opened}
      onClose={close}
      title={`Regenerate “${isolated(name)}”?`}
      action="Regenerate"
      isPending={regenerate.isPending}
      error={regenerate.error}
      onConfirm={start}
    >
      <p className={classes.warning}>The old value stops at once. Whoever uses it needs the new one.</p>
      <ExpiryField value={expiry} onChange={setExpiry} />
      {days === null ? <NeverConfirm checked={isCertain} onChange={setCertain} /> : null}
    </Confirm>
  )
}

function Mark({ children }: { children: string }) {
  return (
    <span className={classes.mark}>
      <TriangleAlert size={12} aria-hidden /> {children}
    </span>
  )
}
