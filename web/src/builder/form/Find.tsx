import { Combobox, Loader, UnstyledButton, useCombobox } from '@mantine/core'
import { useDebouncedValue } from '@mantine/hooks'
import { useQuery } from '@tanstack/react-query'
import { Search } from 'lucide-react'
import { createContext, use, useState } from 'react'
import { type Json, stringifyJson } from '../../../../src/flow/json.ts'
import { call, messageOf } from '../../api.ts'
import { Foreign } from '../../components/Foreign.tsx'
import classes from './form.module.css'

/** In whose app a field's value can be looked for, and with which login. */
interface Vendor {
  connector: string
  title: string
  /** Id of the chosen auth; null when there is none, or a template yields it. */
  auth: string | null
  needsAuth: boolean
}

export const VendorContext = createContext<Vendor | null>(null)

const pauseMs = 250

/** Looks in the vendor's app for what a field can be set to. The field itself stays as it is: any text or template. */
export function Find({ label, onPick }: { label: string; onPick: (value: Json) => void }) {
  const vendor = use(VendorContext)
  const [text, setText] = useState('')
  const combobox = useCombobox({
    onDropdownClose: () => {
      combobox.resetSelectedOption()
      combobox.focusTarget()
      setText('')
    },
    onDropdownOpen: () => combobox.focusSearchInput(),
  })
  const [settled] = useDebouncedValue(text, pauseMs)
  const found = useFound(vendor, settled, combobox.dropdownOpened)
  if (vendor === null) return null
  return (
    <Combobox
      store={combobox}
      position="bottom-end"
      width={320}
      shadow="md"
      withinPortal
      onOptionSubmit={(index) => {
        const picked = found.data?.[Number(index)]
        if (picked !== undefined) onPick(picked.value)
        combobox.closeDropdown()
      }}
    >
      <Combobox.Target withAriaAttributes={false}>
        <UnstyledButton
          className={classes.expression}
          aria-expanded={combobox.dropdownOpened}
          aria-label={`Find in ${vendor.title}: ${label}`}
          onClick={() => combobox.toggleDropdown()}
        >
          <Search size={12} aria-hidden /> Find in <Foreign>{vendor.title}</Foreign>
        </UnstyledButton>
      </Combobox.Target>
      <Combobox.Dropdown
        // Esc closes this, and not the panel around it.
        onKeyDown={(event) => {
          if (event.key === 'Escape') event.stopPropagation()
        }}
      >
        <Combobox.Search
          value={text}
          onChange={(event) => setText(event.currentTarget.value)}
          placeholder="Search…"
          aria-label={`Search in ${vendor.title}`}
          rightSection={found.isFetching ? <Loader size={14} role="status" aria-label="Searching" /> : null}
        />
        <Combobox.Options aria-label={`Found in ${vendor.title}`} mah={260} className={classes.found ?? ''}>
          {(found.data ?? []).map(({ value, label: words }, index) => (
            <Combobox.Option key={stringifyJson(value)} value={String(index)}>
              {words || textOf(value)}
              {words ? <span className={classes.foundValue}>{textOf(value)}</span> : null}
            </Combobox.Option>
          ))}
          <Said vendor={vendor} found={found} text={settled} />
        </Combobox.Options>
      </Combobox.Dropdown>
    </Combobox>
  )
}

function useFound(vendor: Vendor | null, text: string, isOpen: boolean) {
  return useQuery({
    queryKey: ['found', vendor?.connector, vendor?.auth, text],
    queryFn: async ({ signal }) => {
      const { data } = await call<{ data: { value: Json; label: string }[] }>(
        'POST',
        `connectors/${vendor?.connector}/search`,
        { body: { text, auth: vendor?.auth ?? null }, signal },
      )
      return data
    },
    enabled: isOpen && vendor !== null && !lacksAuth(vendor),
    staleTime: 30_000,
    retry: false,
  })
}

function lacksAuth({ auth, needsAuth }: Vendor): boolean {
  return needsAuth && auth === null
}

/** What is to be said when nothing can be picked: the vendor's own words when it refuses. */
function Said({ vendor, found, text }: { vendor: Vendor; found: ReturnType<typeof useFound>; text: string }) {
  if (lacksAuth(vendor)) return <Combobox.Empty>Choose a connector auth first, or type the value.</Combobox.Empty>
  if (found.error !== null) return <Combobox.Empty>{messageOf(found.error)} Type the value instead.</Combobox.Empty>
  if (found.data?.length !== 0) return null
  return <Combobox.Empty>{text === '' ? 'Nothing found' : `Nothing found for “${text}”`}</Combobox.Empty>
}

function textOf(value: Json): string {
  return typeof value === 'string' ? value : stringifyJson(value)
}
