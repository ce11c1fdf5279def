import { useDebouncedValue } from '@mantine/hooks'
import { useQuery } from '@tanstack/react-query'
import { useNavigate } from '@tanstack/react-router'
import { useState } from 'react'
import { Finder } from '../components/Finder.tsx'
import { flowsQuery } from '../flows/flow-queries.ts'
import { places } from './navigation.ts'
import { closePalette, openPalette, type PaletteCommand, showSheet, usePalette } from './palette-state.ts'
import { isTyping, useKeys, useSingleKeys } from './shortcuts.ts'

const maxFlows = 20
/** How long the second key of `g f` may take. */
const sequenceMs = 1_200

/** Ctrl K: flows by name, places, and the commands of the page; also the home of the keys that work anywhere. */
export function CommandPalette() {
  const isOpen = usePalette((state) => state.isOpen)
  const offered = usePalette((state) => state.commands)
  const navigate = useNavigate()
  const [text, setText] = useState('')
  const [search] = useDebouncedValue(text.trim(), 150)
  const { data: flows } = useQuery({ ...flowsQuery({ q: search, limit: maxFlows }), enabled: isOpen })
  useGlobalKeys()

  const find = (wanted: string): PaletteCommand[] => {
    const found = (flows?.data ?? []).map(({ id, name }) => ({
      id: `flow-${id}`,
      label: name,
      detail: 'Flow',
      run: () => void navigate({ to: '/flows/$flowId', params: { flowId: id } }),
    }))
    const going = places.map(({ label, to, key }) => ({
      id: to,
      label: `Go to ${label}`,
      detail: `g ${key}`,
      run: () => void navigate({ to }),
    }))
    const sheet = { id: 'sheet', label: 'Keyboard shortcuts', detail: '?', run: () => showSheet(true) }
    return [...found, ...offered, ...going, sheet].filter(({ label }) => matches(label, wanted))
  }
  return (
    <Finder
      opened={isOpen}
      onClose={closePalette}
      title="Command palette"
      label="Find a flow or command"
      placeholder="Find a flow, go somewhere, do something…"
      width={560}
      find={find}
      onText={setText}
      onChoose={(command) => {
        closePalette()
        setText('')
        command.run()
      }}
    />
  )
}

function matches(label: string, text: string): boolean {
  return label.toLowerCase().includes(text.trim().toLowerCase())
}

/** Ctrl K, `?`, and `g` followed by a place's letter. */
function useGlobalKeys() {
  const navigate = useNavigate()
  const singleKeys = useSingleKeys((state) => state.on)
  const [began, setBegan] = useState(0)
  useKeys((event) => {
    const ctrl = event.ctrlKey || event.metaKey
    if (ctrl && !event.shiftKey && !event.altKey && event.key.toLowerCase() === 'k') {
      event.preventDefault()
      usePalette.getState().isOpen ? closePalette() : openPalette()
      return
    }
    if (ctrl || event.altKey || isTyping(event.target) || !singleKeys) return
    if (event.key === '?') {
      event.preventDefault()
      showSheet(true)
    } else if (event.key === 'g') {
      setBegan(event.timeStamp)
    } else if (began > 0 && event.timeStamp - began < sequenceMs) {
      setBegan(0)
      const place = places.find(({ key }) => key === event.key)
      if (place === undefined) return
      event.preventDefault()
      event.stopPropagation()
      void navigate({ to: place.to })
    }
  })
}
