import { getRouteApi, Link } from '@tanstack/react-router'
import { PageBar } from '../components/PageBar.tsx'
import { About } from './About.tsx'
import { Backup } from './Backup.tsx'
import { Instance } from './Instance.tsx'
import { Profile } from './Profile.tsx'
import { type SettingsPart, settingsParts } from './routes.ts'
import { Security } from './Security.tsx'
import classes from './SettingsPage.module.css'

const route = getRouteApi('/settings')

const parts: Record<SettingsPart, { title: string; Part: () => React.ReactNode }> = {
  profile: { title: 'Profile', Part: Profile },
  instance: { title: 'Instance', Part: Instance },
  security: { title: 'Security', Part: Security },
  backup: { title: 'Backup', Part: Backup },
  about: { title: 'About', Part: About },
}

/** Settings of the person, the server and the account, one part at a time. */
export function SettingsPage() {
  const { part = 'profile' } = route.useSearch()
  const { title, Part } = parts[part]
  return (
    <>
      <PageBar title="Settings" />
      <div className={classes.page}>
        <nav aria-label="Parts of the settings" className={classes.parts}>
          {settingsParts.map((each) => (
            <Link
              key={each}
              to="/settings"
              search={each === 'profile' ? {} : { part: each }}
              className={classes.part}
              activeOptions={{ exact: true, includeSearch: true }}
            >
              {parts[each].title}
            </Link>
          ))}
        </nav>
        <section className={classes.content} aria-label={title}>
          <Part />
        </section>
      </div>
    </>
  )
}
