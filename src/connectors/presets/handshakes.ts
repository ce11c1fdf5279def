import type { HandshakeInput } from '../schema/handshake.ts'

/** The handshakes that vendors and specifications publish, as data. */
export const handshakes = {
  /** https://docs.slack.dev/reference/events/url_verification */
  slack: {
    name: 'slack_url_verification',
    when: { methods: ['POST'], body: { type: 'url_verification', challenge: true } },
    answer: { body: '{{ body.challenge }}' },
  },
  /** https://developers.facebook.com/docs/graph-api/webhooks/getting-started#verification-requests */
  meta: {
    name: 'meta_verification',
    when: { methods: ['GET'], query: { 'hub.mode': 'subscribe', 'hub.challenge': true, 'hub.verify_token': true } },
    secret_in: { query: 'hub.verify_token' },
    answer: { body: '{{ request.query["hub.challenge"] }}' },
  },
  /** https://www.w3.org/TR/websub/#hub-verifies-intent */
  websub: {
    name: 'websub_verification',
    when: { methods: ['GET'], query: { 'hub.mode': true, 'hub.topic': true, 'hub.challenge': true } },
    answer: { body: '{{ request.query["hub.challenge"] }}' },
  },
  /** https://learn.microsoft.com/en-us/graph/change-notifications-delivery-webhooks#notificationurl-validation */
  microsoft_graph: {
    name: 'graph_validation_token',
    when: { methods: ['POST', 'GET'], query: { validationToken: true } },
    answer: { body: '{{ request.query.validationToken }}' },
  },
  /** https://developers.zoom.us/docs/api/webhooks/#validate-your-webhook-endpoint */
  zoom: {
    name: 'zoom_url_validation',
    when: { methods: ['POST'], body: { event: 'endpoint.url_validation', 'payload.plainToken': true } },
    hmacs: { encrypted_token: { of: '{{ body.payload.plainToken }}' } },
    answer: { body: { plainToken: '{{ body.payload.plainToken }}', encryptedToken: '{{ encrypted_token }}' } },
  },
  /** https://developers.asana.com/docs/webhooks-guide#the-webhook-handshake */
  asana: {
    name: 'asana_hook_secret',
    when: { methods: ['POST'], headers: { 'x-hook-secret': true } },
    answer: { headers: { 'x-hook-secret': '{{ request.headers["x-hook-secret"] }}' } },
    remember: '{{ request.headers["x-hook-secret"] }}',
  },
  /** https://www.dropbox.com/developers/reference/webhooks#documentation */
  dropbox: {
    name: 'dropbox_challenge',
    when: { methods: ['GET'], query: { challenge: true } },
    answer: { body: '{{ request.query.challenge }}' },
  },
  /** https://github.com/cloudevents/spec/blob/main/cloudevents/http-webhook.md#4-abuse-protection */
  cloudevents: {
    name: 'cloudevents_abuse_protection',
    when: { methods: ['OPTIONS'], headers: { 'webhook-request-origin': true } },
    answer: {
      headers: {
        allow: 'POST, OPTIONS',
        'webhook-allowed-origin': '{{ request.headers["webhook-request-origin"] }}',
        'webhook-allowed-rate': '*',
      },
    },
  },
  /** https://developer.atlassian.com/cloud/trello/guides/rest-api/webhooks/#creating-a-webhook */
  trello: { name: 'trello_head', when: { methods: ['HEAD'] }, answer: {} },
  /** https://developers.intercom.com/docs/webhooks/setting-up-webhooks : the address is checked with HEAD */
  intercom: { name: 'intercom_head', when: { methods: ['HEAD'] }, answer: {} },
  /** https://mailchimp.com/developer/marketing/guides/sync-audience-data-webhooks/ : asks with GET whether the address is there */
  mailchimp: { name: 'mailchimp_get', when: { methods: ['GET', 'HEAD'] }, answer: {} },
  /** https://developer.monday.com/api-reference/reference/webhooks#url-verification */
  monday: {
    name: 'monday_challenge',
    when: { methods: ['POST'], body: { challenge: true } },
    answer: { body: { challenge: '{{ body.challenge }}' } },
  },
  /** https://developer.xero.com/documentation/guides/webhooks/configuring-your-server/#intent-to-receive : 200 or 401, nothing else */
  xero: {
    name: 'xero_intent_to_receive',
    when: { methods: ['POST'], headers: { 'x-xero-signature': true }, body: { firstEventSequence: '0' } },
    signed: true,
    answer: {},
  },
  /** https://docs.x.com/x-api/webhooks/introduction : challenge response check, with the app's consumer secret */
  x: {
    name: 'x_crc',
    when: { methods: ['GET'], query: { crc_token: true } },
    hmacs: { response_token: { encoding: 'base64', of: '{{ request.query.crc_token }}' } },
    answer: { body: { response_token: 'sha256={{ response_token }}' } },
  },
  /** https://developers.notion.com/reference/webhooks#step-2-validating-the-subscription : also the key of later signatures */
  notion: {
    name: 'notion_verification_token',
    when: { methods: ['POST'], body: { verification_token: true } },
    answer: {},
    remember: '{{ body.verification_token }}',
  },
  /** https://developer.okta.com/docs/concepts/event-hooks/#one-time-verification-request */
  okta: {
    name: 'okta_verification',
    when: { methods: ['GET'], headers: { 'x-okta-verification-challenge': true } },
    answer: { body: { verification: '{{ request.headers["x-okta-verification-challenge"] }}' } },
  },
  /** https://developers.ringcentral.com/guide/notifications/webhooks/creating-webhooks */
  ringcentral: {
    name: 'ringcentral_validation_token',
    when: { methods: ['POST'], headers: { 'validation-token': true } },
    answer: { headers: { 'validation-token': '{{ request.headers["validation-token"] }}' } },
  },
} as const satisfies Record<string, HandshakeInput>

export type HandshakePreset = keyof typeof handshakes
