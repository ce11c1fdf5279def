/** What each scope allows, as one sentence that people choose by. */

export interface ScopeChoice {
  scope: string
  title: string
  text: string
}

export interface ScopeGroup {
  title: string
  choices: readonly ScopeChoice[]
}

function levels(subject: string, what: string, extra = ''): ScopeChoice[] {
  return [
    { scope: subject, title: 'Full', text: `can read, change and delete ${what}${extra}` },
    { scope: `${subject}.manage`, title: 'Manage', text: `can read and change ${what}, but delete nothing${extra}` },
    { scope: `${subject}.view`, title: 'View', text: `can read ${what}, and change nothing` },
  ]
}

export const scopeGroups: readonly ScopeGroup[] = [
  {
    title: 'automation',
    choices: [
      ...levels('automation', 'flows and their runs', ', and run every webhook flow'),
      {
        scope: 'automation.webhook_run',
        title: 'Run webhooks',
        text: 'can run every webhook flow, and do nothing else',
      },
    ],
  },
  { title: 'company', choices: levels('company', 'the account and its users') },
  { title: 'connector_auth', choices: levels('connector_auth', 'connector auths, never their secrets') },
  { title: 'connectors', choices: levels('connectors', 'connectors') },
  { title: 'embed', choices: levels('embed', 'embeds and integrations') },
]

/** Scopes that a chosen one already includes. */
export function isIncluded(scope: string, chosen: ReadonlySet<string>): boolean {
  const [subject = '', level] = scope.split('.')
  if (level === undefined) return false
  return chosen.has(subject) || (level !== 'manage' && chosen.has(`${subject}.manage`))
}
