import { Menu, UnstyledButton, useMantineColorScheme } from '@mantine/core'
import { Check, Monitor, Moon, Sun } from 'lucide-react'
import classes from './Shell.module.css'

const choices = [
  { value: 'light', label: 'Light', icon: Sun },
  { value: 'dark', label: 'Dark', icon: Moon },
  { value: 'auto', label: 'As the system', icon: Monitor },
] as const

/** Light, dark, or as the system has it. */
export function SchemeMenu() {
  const { colorScheme, setColorScheme } = useMantineColorScheme()
  const { icon: Icon } = choices.find(({ value }) => value === colorScheme) ?? choices[2]
  return (
    <Menu position="right-end" width={190}>
      <Menu.Target>
        <UnstyledButton className={classes.link}>
          <Icon size={18} aria-hidden />
          <span className={classes.label}>Appearance</span>
        </UnstyledButton>
      </Menu.Target>
      <Menu.Dropdown aria-label="Colour scheme">
        {choices.map(({ value, label, icon: Each }) => (
          <Menu.Item
            key={value}
            leftSection={<Each size={16} aria-hidden />}
            rightSection={value === colorScheme ? <Check size={15} aria-label="chosen" /> : null}
            onClick={() => setColorScheme(value)}
          >
            {label}
          </Menu.Item>
        ))}
      </Menu.Dropdown>
    </Menu>
  )
}
