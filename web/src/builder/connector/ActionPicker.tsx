import { Combobox, TextInput, useCombobox } from '@mantine/core'
import { Zap } from 'lucide-react'
import { useEffect, useState } from 'react'
import { type ConnectorJson, triggerAction } from '../catalogue.ts'
import classes from './connector.module.css'
import { findActions } from './find-actions.ts'

interface ActionPickerProps {
  connector: ConnectorJson
  /** Name of the chosen action; empty when none is. */
  value: string
  /** What the chosen one is called. */
  title: string
  /** Why the trigger can't be chosen. */
  triggerRefusal?: string | undefined
  onChoose: (action: string) => void
}

/** An action of a connector, found by typing: three letters of its name or of what it does are enough. */
export function ActionPicker({ connector, value, title, triggerRefusal, onChoose }: ActionPickerProps) {
  const combobox = useCombobox({ onDropdownClose: () => combobox.resetSelectedOption() })
  const [search, setSearch] = useState<string | null>(null)
  const { selectFirstOption } = combobox
  useEffect(() => {
    // Once the list shows what matches: Enter then takes the first.
    if (search !== null) selectFirstOption()
  }, [search, selectFirstOption])
  const found = findActions(connector, search ?? '')
  return (
    <Combobox
      store={combobox}
      shadow="md"
      onOptionSubmit={(name) => {
        onChoose(name)
        setSearch(null)
        combobox.closeDropdown()
      }}
    >
      <Combobox.Target>
        <TextInput
          label="Action"
          value={search ?? title}
          title={search === null ? title : undefined}
          placeholder="Search actions"
          onChange={(event) => {
            setSearch(event.currentTarget.value)
            combobox.openDropdown()
          }}
          onFocus={(event) => {
            event.currentTarget.select()
            combobox.openDropdown()
          }}
          onClick={() => combobox.openDropdown()}
          onBlur={() => {
            combobox.closeDropdown()
            setSearch(null)
          }}
          spellCheck={false}
        />
      </Combobox.Target>
      <Combobox.Dropdown>
        <Combobox.Options aria-label="Actions" mah={320} className={classes.options ?? ''}>
          {found.map(({ name, title: words, summary }) => {
            const isTrigger = name === triggerAction
            const refused = isTrigger ? triggerRefusal : undefined
            return (
              <Combobox.Option key={name} value={name} disabled={refused !== undefined} active={name === value}>
                <span className={classes.option}>
                  {isTrigger ? <Zap size={15} aria-hidden /> : null}
                  <span>
                    {words}
                    <span className={classes.summary}>{refused ?? summary}</span>
                  </span>
                </span>
              </Combobox.Option>
            )
          })}
          {found.length === 0 ? <Combobox.Empty>No action called “{search}”</Combobox.Empty> : null}
        </Combobox.Options>
      </Combobox.Dropdown>
    </Combobox>
  )
}
