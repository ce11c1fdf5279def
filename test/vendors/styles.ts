import * as expiring from './styles-expiring.ts'
import * as others from './styles-others.ts'
import * as plain from './styles-plain.ts'
import * as rest from './styles-rest.ts'
import type { VendorStyle } from './vendor.ts'

/** All styles of webhook APIs that are tried. Some keep what they were asked before, so each use gets its own. */
export function everyStyle(): VendorStyle[] {
  return [
    rest.githubStyle,
    rest.gitlabStyle,
    rest.calendlyStyle,
    rest.stripeStyle(),
    expiring.graphStyle,
    expiring.airtableStyle,
    others.telegramStyle,
    others.asanaStyle,
    others.mondayStyle,
    others.trelloStyle,
    others.twilioStyle,
    others.metaStyle,
    plain.pathStyle,
    plain.headerStyle,
    plain.listlessStyle,
    plain.upsertStyle,
    plain.crampedStyle,
  ]
}
