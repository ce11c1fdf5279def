import { Menu, UnstyledButton } from '@mantine/core'
import { Link, Outlet, useRouterState } from '@tanstack/react-router'
import { CircleUser, Ellipsis, LogOut, Search } from 'lucide-react'
import { useEffect } from 'react'
import { useSession, useSignOut } from '../access/session.ts'
import { Announcer } from '../components/Announcer.tsx'
import { CrashGuard } from '../components/CrashGuard.tsx'
import { LiveMark } from '../live/LiveMark.tsx'
import { startLive } from '../live/live.ts'
import { useLiveQueries } from '../live/use-live-queries.ts'
import { CommandPalette } from './CommandPalette.tsx'
import { focusMain, useKeptFocus } from './kept-focus.ts'
import { Logo } from './Logo.tsx'
import { places } from './navigation.ts'
import { openPalette } from './palette-state.ts'
import { SchemeMenu } from './SchemeMenu.tsx'
import classes from './Shell.module.css'
import { ShortcutSheet } from './ShortcutSheet.tsx'

/** The frame around every page: rail (a bar at the bottom on phones), skip link, palette, live mark. */
export function Shell() {
  const path = useRouterState({ select: ({ location }) => location.pathname })
  useEffect(startLive, [])
  useKeptFocus()
  useLiveQueries()
  return (
    <div className={classes.shell} data-compact={isBuilder(path) || undefined}>
      <button type="button" className={classes.skip} onClick={focusMain}>
        Skip to content
      </button>
      <Rail />
      <main id="main" tabIndex={-1} className={classes.main}>
        <CrashGuard part="page" resetKey={path} onReload={() => window.location.reload()}>
          <Outlet />
        </CrashGuard>
      </main>
      <CommandPalette />
      <ShortcutSheet />
      <Announcer />
    </div>
  )
}

/** The builder needs the room: there the rail shows icons only. */
function isBuilder(path: string): boolean {
  return /^\/flows\/./.test(path)
}

function Rail() {
  return (
    <nav className={classes.rail} aria-label="Main">
      <Link to="/flows" className={classes.brand} aria-label="Hookline, to the flows">
        <Logo /> <span className={classes.label}>Hookline</span>
      </Link>
      <UnstyledButton className={classes.search} onClick={openPalette}>
        <Search size={16} aria-hidden />
        <span className={classes.label}>Search</span>
        <kbd className={classes.kbd}>Ctrl K</kbd>
      </UnstyledButton>
      <ul className={classes.places}>
        {places.map(({ label, to, icon: Icon, isMain }) => (
          <li key={to} data-main={isMain || undefined}>
            <Link to={to} className={classes.link} activeProps={{ 'aria-current': 'page' }} title={label}>
              <Icon size={18} aria-hidden />
              <span className={classes.label}>{label}</span>
            </Link>
          </li>
        ))}
        <li className={classes.more}>
          <MoreMenu />
        </li>
      </ul>
      <div className={classes.foot}>
        <div className={classes.live}>
          <LiveMark />
        </div>
        <div className={classes.scheme}>
          <SchemeMenu />
        </div>
        <UserMenu />
      </div>
    </nav>
  )
}

/** On phones: the places that the bar has no room for. */
function MoreMenu() {
  return (
    <Menu position="top-end" width={220}>
      <Menu.Target>
        <UnstyledButton className={classes.link}>
          <Ellipsis size={18} aria-hidden />
          <span className={classes.label}>More</span>
        </UnstyledButton>
      </Menu.Target>
      <Menu.Dropdown aria-label="More places">
        {places
          .filter(({ isMain }) => !isMain)
          .map(({ label, to, icon: Icon }) => (
            <Menu.Item
              key={to}
              leftSection={<Icon size={16} aria-hidden />}
              renderRoot={(props) => <Link {...props} to={to} />}
            >
              {label}
            </Menu.Item>
          ))}
      </Menu.Dropdown>
    </Menu>
  )
}

function UserMenu() {
  const { user } = useSession()
  const signOut = useSignOut()
  return (
    <Menu position="right-end" width={220}>
      <Menu.Target>
        <UnstyledButton className={classes.link} aria-label={`Account of ${user.name}`}>
          <CircleUser size={18} aria-hidden />
          <span className={classes.label}>{user.name}</span>
        </UnstyledButton>
      </Menu.Target>
      <Menu.Dropdown aria-label="Account">
        <Menu.Label>{user.email}</Menu.Label>
        <Menu.Item leftSection={<LogOut size={16} aria-hidden />} onClick={() => signOut.mutate()}>
          Sign out
        </Menu.Item>
      </Menu.Dropdown>
    </Menu>
  )
}
