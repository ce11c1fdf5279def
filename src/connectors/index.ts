import { activecampaign } from './activecampaign.ts'
import { airtable } from './airtable.ts'
import { asana } from './asana.ts'
import { awork } from './awork.ts'
import { bitbucket } from './bitbucket.ts'
import { calendly } from './calendly.ts'
import { chargebee } from './chargebee.ts'
import { clickup } from './clickup.ts'
import { close } from './close.ts'
import { type Connector, type ConnectorInput, connectorSchema } from './connector.ts'
import { docusign } from './docusign.ts'
import { dropbox } from './dropbox.ts'
import { github } from './github.ts'
import { gitlab } from './gitlab.ts'
import { hubspot } from './hubspot.ts'
import { intercom } from './intercom.ts'
import { jira } from './jira.ts'
import { linear } from './linear.ts'
import { mailchimp } from './mailchimp.ts'
import { microsoft_graph } from './microsoft-graph.ts'
import { monday } from './monday.ts'
import { notion } from './notion.ts'
import { paddle } from './paddle.ts'
import { pipedrive } from './pipedrive.ts'
import { postmark } from './postmark.ts'
import { sendgrid } from './sendgrid.ts'
import { shopify } from './shopify.ts'
import { slack } from './slack.ts'
import { stripe } from './stripe.ts'
import { telegram } from './telegram.ts'
import { trello } from './trello.ts'
import { twilio } from './twilio.ts'
import { typeform } from './typeform.ts'
import { whatsapp } from './whatsapp.ts'
import { woocommerce } from './woocommerce.ts'
import { zendesk } from './zendesk.ts'
import { zoom } from './zoom.ts'

/** The connectors that ship with the product, as they are written down; in alphabetical order. */
export const connectors: readonly ConnectorInput[] = [
  activecampaign,
  airtable,
  asana,
  awork,
  bitbucket,
  calendly,
  chargebee,
  clickup,
  close,
  docusign,
  dropbox,
  github,
  gitlab,
  hubspot,
  intercom,
  jira,
  linear,
  mailchimp,
  microsoft_graph,
  monday,
  notion,
  paddle,
  pipedrive,
  postmark,
  sendgrid,
  shopify,
  slack,
  stripe,
  telegram,
  trello,
  twilio,
  typeform,
  whatsapp,
  woocommerce,
  zendesk,
  zoom,
]

/** The same with all defaults filled in. To be called once, at the start. */
export function loadConnectors(): Connector[] {
  return connectors.map((connector) => connectorSchema.parse(connector))
}
