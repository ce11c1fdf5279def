import { Button } from '@mantine/core'
import { useMutation, useQueryClient } from '@tanstack/react-query'
import { Download, Upload } from 'lucide-react'
import { useRef } from 'react'
import { type Json, parseJson, stringifyJson } from '../../../src/flow/json.ts'
import { messageOf } from '../api.ts'
import { isBackup, makeBackup, restoreBackup } from './backup-document.ts'
import { Card } from './Card.tsx'
import { Refusal } from './Listing.tsx'

/** Export and import of what the account has made. */
export function Backup() {
  const client = useQueryClient()
  const input = useRef<HTMLInputElement>(null)
  const save = useMutation({
    mutationFn: async () => download(stringifyJson((await makeBackup()) as unknown as Json, 2)),
  })
  const restore = useMutation({
    mutationFn: async (file: File) => {
      const document = parseJson(await file.text())
      if (!isBackup(document)) throw new Error(`“${file.name}” is no backup of Hookline.`)
      return restoreBackup(document)
    },
    onSettled: () => client.invalidateQueries(),
  })
  return (
    <>
      <Card
        title="Export"
        text="Flows, own connectors and env variables as one JSON file. Tokens, logins and runs are not in it; the command hookline backup saves those, too."
      >
        <Button
          variant="default"
          leftSection={<Download size={15} aria-hidden />}
          onClick={() => save.mutate()}
          loading={save.isPending}
        >
          Export JSON
        </Button>
        {save.error === null ? null : <Refusal>{messageOf(save.error)}</Refusal>}
      </Card>
      <Card
        title="Import"
        text="Adds what a file holds. Flows come as drafts; what is here already by name stays as it is."
      >
        <input
          ref={input}
          type="file"
          accept=".json,application/json"
          hidden
          data-testid="import-backup"
          onChange={(event) => {
            const file = event.currentTarget.files?.[0]
            if (file) restore.mutate(file)
            event.currentTarget.value = ''
          }}
        />
        <Button
          variant="default"
          leftSection={<Upload size={15} aria-hidden />}
          onClick={() => input.current?.click()}
          loading={restore.isPending}
        >
          Import JSON…
        </Button>
        {restore.data === undefined ? null : (
          <div role="status">
            {restore.data.done.length} added
            {restore.data.failed.length > 0 ? `, ${restore.data.failed.length} not:` : '.'}
            {restore.data.failed.length === 0 ? null : (
              <ul>
                {restore.data.failed.map((each) => (
                  <li key={each}>{each}</li>
                ))}
              </ul>
            )}
          </div>
        )}
        {restore.error === null ? null : <Refusal>{messageOf(restore.error)}</Refusal>}
      </Card>
    </>
  )
}

/** Hands a text to the browser's downloads. */
function download(text: string): void {
  const url = URL.createObjectURL(new Blob([text], { type: 'application/json' }))
  const link = document.createElement('a')
  link.href = url
  link.download = `hookline-backup-${new Date().toISOString().slice(0, 10)}.json`
  link.click()
  URL.revokeObjectURL(url)
}
