import type { SignatureSchemeInput } from '../schema/signature-scheme.ts'

/**
 * The schemes that vendors publish, as data. Connectors refer to them, and the Webhook helper offers them by name.
 * A scheme that is not here can be written out in a connector.
 */
export const signatures = {
  /** https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md (symmetric, v1) */
  standard_webhooks: {
    scheme: 'hmac',
    secret_encoding: 'base64',
    secret_prefix: 'whsec_',
    header: 'webhook-signature',
    header_format: 'v1,{signature}',
    separator: ' ',
    signed: '{id}.{timestamp}.{body}',
    encoding: 'base64',
    id: { header: 'webhook-id' },
    timestamp: { header: 'webhook-timestamp' },
    tolerance_seconds: 300,
  },
  /** The same specification, asymmetric (v1a): the secret is the public key. */
  standard_webhooks_ed25519: {
    scheme: 'ed25519',
    key_encoding: 'base64',
    secret_prefix: 'whpk_',
    header: 'webhook-signature',
    header_format: 'v1a,{signature}',
    separator: ' ',
    signed: '{id}.{timestamp}.{body}',
    encoding: 'base64',
    id: { header: 'webhook-id' },
    timestamp: { header: 'webhook-timestamp' },
    tolerance_seconds: 300,
  },
  /** https://docs.svix.com/receiving/verifying-payloads/how-manual : Standard Webhooks under Svix's older header names */
  svix: {
    scheme: 'hmac',
    secret_encoding: 'base64',
    secret_prefix: 'whsec_',
    header: 'svix-signature',
    header_format: 'v1,{signature}',
    separator: ' ',
    signed: '{id}.{timestamp}.{body}',
    encoding: 'base64',
    id: { header: 'svix-id' },
    timestamp: { header: 'svix-timestamp' },
    tolerance_seconds: 300,
  },
  /** https://docs.github.com/en/webhooks/using-webhooks/validating-webhook-deliveries */
  github: { scheme: 'hmac', header: 'x-hub-signature-256', header_format: 'sha256={signature}' },
  /** https://support.atlassian.com/bitbucket-cloud/docs/manage-webhooks/ */
  bitbucket: { scheme: 'hmac', header: 'x-hub-signature', header_format: 'sha256={signature}' },
  /** https://developer.atlassian.com/cloud/jira/platform/webhooks/ : WebSub's header, with the method named in it */
  jira: { scheme: 'hmac', header: 'x-hub-signature', header_format: 'sha256={signature}' },
  /** https://docs.gitlab.com/user/project/integrations/webhooks/ : the secret token comes along as it is */
  gitlab: { scheme: 'token', header: 'x-gitlab-token' },
  /** https://docs.stripe.com/webhooks#verify-manually */
  stripe: {
    scheme: 'hmac',
    header: 'stripe-signature',
    header_format: 't={timestamp},v1={signature}',
    signed: '{timestamp}.{body}',
    tolerance_seconds: 300,
  },
  /** https://docs.slack.dev/authentication/verifying-requests-from-slack */
  slack: {
    scheme: 'hmac',
    header: 'x-slack-signature',
    header_format: 'v0={signature}',
    signed: 'v0:{timestamp}:{body}',
    timestamp: { header: 'x-slack-request-timestamp' },
    tolerance_seconds: 300,
  },
  /** https://shopify.dev/docs/apps/build/webhooks/subscribe/https */
  shopify: { scheme: 'hmac', header: 'x-shopify-hmac-sha256', encoding: 'base64' },
  /** https://developers.hubspot.com/docs/api/webhooks/validating-requests (v3) */
  hubspot_v3: {
    scheme: 'hmac',
    header: 'x-hubspot-signature-v3',
    signed: '{method}{url}{body}{timestamp}',
    encoding: 'base64',
    timestamp: { header: 'x-hubspot-request-timestamp', unit: 'milliseconds' },
    tolerance_seconds: 300,
    url_decode: ":/?@!$'()*,;",
  },
  /** https://www.twilio.com/docs/usage/webhooks/webhooks-security */
  twilio: {
    scheme: 'hmac',
    algorithm: 'sha1',
    header: 'x-twilio-signature',
    signed: '{url}{sorted_params}',
    encoding: 'base64',
    body_hash: { query: 'bodySHA256', algorithm: 'sha256', encoding: 'hex' },
  },
  /** https://mailchimp.com/developer/transactional/guides/track-respond-activity-webhooks/#authenticating-webhook-requests */
  mailchimp_transactional: {
    scheme: 'hmac',
    algorithm: 'sha1',
    header: 'x-mandrill-signature',
    signed: '{url}{sorted_params}',
    encoding: 'base64',
  },
  /** https://developer.zendesk.com/documentation/webhooks/verifying/ */
  zendesk: {
    scheme: 'hmac',
    header: 'x-zendesk-webhook-signature',
    signed: '{timestamp}{body}',
    encoding: 'base64',
    timestamp: { header: 'x-zendesk-webhook-signature-timestamp', unit: 'iso' },
  },
  /** https://www.typeform.com/developers/webhooks/secure-your-webhooks/ */
  typeform: {
    scheme: 'hmac',
    header: 'typeform-signature',
    header_format: 'sha256={signature}',
    encoding: 'base64',
  },
  /** https://developers.intercom.com/docs/webhooks/setting-up-webhooks : with the app's client secret */
  intercom: { scheme: 'hmac', algorithm: 'sha1', header: 'x-hub-signature', header_format: 'sha1={signature}' },
  /** https://www.twilio.com/docs/sendgrid/for-developers/tracking-events/getting-started-event-webhook-security-features */
  sendgrid: {
    scheme: 'ecdsa',
    header: 'x-twilio-email-event-webhook-signature',
    signed: '{timestamp}{body}',
    encoding: 'base64',
    timestamp: { header: 'x-twilio-email-event-webhook-timestamp' },
  },
  /** https://developers.asana.com/docs/webhooks-guide */
  asana: { scheme: 'hmac', header: 'x-hook-signature' },
  /** https://developer.atlassian.com/cloud/trello/guides/rest-api/webhooks/#webhook-signatures */
  trello: {
    scheme: 'hmac',
    algorithm: 'sha1',
    header: 'x-trello-webhook',
    signed: '{body}{url}',
    encoding: 'base64',
  },
  /** https://developer.calendly.com/api-docs/4c305798a61d3-webhook-signatures */
  calendly: {
    scheme: 'hmac',
    header: 'calendly-webhook-signature',
    header_format: 't={timestamp},v1={signature}',
    signed: '{timestamp}.{body}',
    tolerance_seconds: 180,
  },
  /** https://linear.app/developers/webhooks#securing-webhooks */
  linear: {
    scheme: 'hmac',
    header: 'linear-signature',
    timestamp: { body: 'webhookTimestamp', unit: 'milliseconds' },
    tolerance_seconds: 60,
  },
  /** https://developer.paddle.com/webhooks/signature-verification */
  paddle: {
    scheme: 'hmac',
    header: 'paddle-signature',
    header_format: 'ts={timestamp};h1={signature}',
    separator: ';',
    signed: '{timestamp}:{body}',
    tolerance_seconds: 300,
  },
  /** https://woocommerce.github.io/woocommerce-rest-api-docs/#webhooks */
  woocommerce: { scheme: 'hmac', header: 'x-wc-webhook-signature', encoding: 'base64' },
  /** https://developers.zoom.us/docs/api/webhooks/#verify-webhook-events */
  zoom: {
    scheme: 'hmac',
    header: 'x-zm-signature',
    header_format: 'v0={signature}',
    signed: 'v0:{timestamp}:{body}',
    timestamp: { header: 'x-zm-request-timestamp' },
    tolerance_seconds: 300,
  },
  /** https://developers.facebook.com/docs/graph-api/webhooks/getting-started : with the app's secret */
  meta: { scheme: 'hmac', header: 'x-hub-signature-256', header_format: 'sha256={signature}' },
  /** https://developers.docusign.com/platform/webhooks/connect/hmac/ : one header per key of the account */
  docusign: {
    scheme: 'hmac',
    header: ['x-docusign-signature-1', 'x-docusign-signature-2', 'x-docusign-signature-3'],
    encoding: 'base64',
  },
  /** https://airtable.com/developers/web/api/webhooks-overview */
  airtable: {
    scheme: 'hmac',
    secret_encoding: 'base64',
    header: 'x-airtable-content-mac',
    header_format: 'hmac-sha256={signature}',
  },
  /** https://developer.clickup.com/docs/webhooksignature */
  clickup: { scheme: 'hmac', header: 'x-signature' },
  /** https://developer.close.com/topics/webhooks/#webhook-signatures */
  close: {
    scheme: 'hmac',
    secret_encoding: 'hex',
    header: 'close-sig-hash',
    signed: '{timestamp}{body}',
    timestamp: { header: 'close-sig-timestamp' },
    tolerance_seconds: 300,
  },
  /** https://www.dropbox.com/developers/reference/webhooks : with the app's secret */
  dropbox: { scheme: 'hmac', header: 'x-dropbox-signature' },
  /** https://developers.notion.com/reference/webhooks : with the verification token */
  notion: { scheme: 'hmac', header: 'x-notion-signature', header_format: 'sha256={signature}' },
  /** https://core.telegram.org/bots/api#setwebhook */
  telegram: { scheme: 'token', header: 'x-telegram-bot-api-secret-token' },
  /** https://learn.microsoft.com/en-us/graph/change-notifications-delivery-webhooks : clientState, in every notification */
  microsoft_graph: { scheme: 'token', body: 'value.*.clientState' },
  /** https://developer.xero.com/documentation/guides/webhooks/overview/ */
  xero: { scheme: 'hmac', header: 'x-xero-signature', encoding: 'base64' },
  /** https://docs.x.com/x-api/webhooks/introduction */
  x: {
    scheme: 'hmac',
    header: 'x-twitter-webhooks-signature',
    header_format: 'sha256={signature}',
    encoding: 'base64',
  },
  /** https://developers.line.biz/en/docs/messaging-api/verify-webhook-signature/ */
  line: { scheme: 'hmac', header: 'x-line-signature', encoding: 'base64' },
  /** https://discord.com/developers/docs/interactions/overview#setting-up-an-endpoint-validating-security-request-headers */
  discord: {
    scheme: 'ed25519',
    header: 'x-signature-ed25519',
    signed: '{timestamp}{body}',
    timestamp: { header: 'x-signature-timestamp' },
  },
  /** RFC 7617, for vendors that can log in at the receiver but not sign. */
  basic_auth: { scheme: 'basic_auth' },
} as const satisfies Record<string, SignatureSchemeInput>

export type SignaturePreset = keyof typeof signatures
