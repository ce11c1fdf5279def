import type { ConnectorInput } from './connector.ts'
import { handshakes } from './presets/handshakes.ts'
import { signatures } from './presets/signatures.ts'

export const microsoft_graph: ConnectorInput = {
  name: 'microsoft_graph',
  title: 'Microsoft Graph',
  description: 'Outlook mail and calendar, files and users of Microsoft 365',
  external_docs: 'https://learn.microsoft.com/en-us/graph/api/overview',
  docs: [
    'https://learn.microsoft.com/en-us/graph/api/subscription-post-subscriptions',
    'https://learn.microsoft.com/en-us/graph/api/resources/subscription',
    'https://learn.microsoft.com/en-us/graph/change-notifications-delivery-webhooks',
  ],
  tags: ['email', 'documents'],
  base_domain: 'https://graph.microsoft.com/v1.0/',
  header: { token_prefix: 'Bearer {{token_format}}' },
  auth_config: {
    oauth2: {
      authorize_url: 'https://login.microsoftonline.com/{{ user_input.tenant or "common" }}/oauth2/v2.0/authorize',
      token_url: 'https://login.microsoftonline.com/{{ user_input.tenant or "common" }}/oauth2/v2.0/token',
      scopes: ['offline_access', 'User.Read', 'Mail.ReadWrite', 'Mail.Send', 'Calendars.ReadWrite', 'Files.ReadWrite'],
      form: { properties: { tenant: { type: 'string', description: 'Id of your directory; empty for any' } } },
    },
  },
  test_request: { endpoint: 'me', docs: 'https://learn.microsoft.com/en-us/graph/api/user-get' },
  pagination_config: { type: 'next_url', next_url: '{{ response.body["@odata.nextLink"] }}' },
  actions: [
    {
      name: 'list_messages',
      title: 'List mail',
      endpoint: 'me/messages',
      // What is searched for stands in quotes (https://learn.microsoft.com/en-us/graph/search-query-parameter).
      query: {
        $filter: '{{ filter }}',
        $search: "{{ '\"' ~ (search | replace('\"', '')) ~ '\"' if search else none }}",
        $top: 100,
      },
      docs: 'https://learn.microsoft.com/en-us/graph/api/user-list-messages',
      form: {
        properties: {
          filter: { type: 'string', ui: { placeholder: 'isRead eq false' }, description: 'Not together with search' },
          search: { type: 'string', ui: { placeholder: 'pizza' } },
        },
      },
      output: '{{ response.body.value }}',
      paginated: true,
    },
    {
      name: 'get_message',
      title: 'Get a mail',
      endpoint: 'me/messages/{{ message }}',
      docs: 'https://learn.microsoft.com/en-us/graph/api/message-get',
      form: { properties: { message: { type: 'string' } }, required: ['message'] },
    },
    {
      name: 'send_mail',
      title: 'Send a mail',
      method: 'POST',
      endpoint: 'me/sendMail',
      body: {
        message: {
          subject: '{{ subject }}',
          body: { contentType: 'html', content: '{{ html }}' },
          toRecipients: [{ emailAddress: { address: '{{ to }}' } }],
        },
      },
      docs: 'https://learn.microsoft.com/en-us/graph/api/user-sendmail',
      form: {
        properties: {
          to: { type: 'string', format: 'email' },
          subject: { type: 'string' },
          html: { type: 'string', ui: { multiline: true } },
        },
        required: ['to', 'subject', 'html'],
      },
    },
    {
      name: 'list_events',
      title: 'List calendar entries',
      endpoint: 'me/calendarView',
      query: { startDateTime: '{{ start }}', endDateTime: '{{ end }}' },
      docs: 'https://learn.microsoft.com/en-us/graph/api/user-list-calendarview',
      form: {
        properties: {
          start: { type: 'string', description: 'ISO 8601, as 2026-11-08T19:00:00-08:00' },
          end: { type: 'string' },
        },
        required: ['start', 'end'],
      },
      output: '{{ response.body.value }}',
      paginated: true,
    },
    {
      name: 'create_event',
      title: 'Create a calendar entry',
      method: 'POST',
      endpoint: 'me/events',
      body: {
        subject: '{{ subject }}',
        body: { contentType: 'html', content: '{{ html }}' },
        start: { dateTime: '{{ start }}', timeZone: '{{ time_zone or "UTC" }}' },
        end: { dateTime: '{{ end }}', timeZone: '{{ time_zone or "UTC" }}' },
      },
      docs: 'https://learn.microsoft.com/en-us/graph/api/user-post-events',
      form: {
        properties: {
          subject: { type: 'string' },
          html: { type: 'string', ui: { multiline: true } },
          start: { type: 'string', description: 'As 2026-11-08T19:00:00' },
          end: { type: 'string' },
          time_zone: { type: 'string', description: 'As Europe/Berlin; by default UTC' },
        },
        required: ['subject', 'start', 'end'],
      },
    },
    {
      name: 'list_files',
      title: 'List files of a folder',
      endpoint: 'me/drive/{{ "items/" ~ folder if folder else "root" }}/children',
      docs: 'https://learn.microsoft.com/en-us/graph/api/driveitem-list-children',
      form: { properties: { folder: { type: 'string', description: 'Id; empty for the top' } } },
      output: '{{ response.body.value }}',
      paginated: true,
    },
  ],
  webhook_trigger: {
    docs: 'https://learn.microsoft.com/en-us/graph/api/resources/subscription',
    events: [
      { name: 'created', title: 'Created', sample: 'created' },
      { name: 'updated', title: 'Updated' },
      { name: 'deleted', title: 'Deleted' },
    ],
    event_name: '{{ body.value | map(attribute="changeType") | unique | list }}',
    form: {
      properties: { resource: { examples: ["me/mailFolders('Inbox')/messages", 'me/events'] } },
      required: ['resource'],
    },
    create: {
      method: 'POST',
      endpoint: 'subscriptions',
      body: {
        changeType: '{{ events | join(",") }}',
        notificationUrl: '{{ webhook_url }}',
        resource: '{{ resource }}',
        expirationDateTime: '{{ expires_at }}',
        clientState: '{{ signing_secret }}',
      },
      expires_at: '{{ response.body.expirationDateTime }}',
    },
    list: {
      endpoint: 'subscriptions',
      items: '{{ response.body.value }}',
      url: '{{ item.notificationUrl }}',
      events: '{{ item.changeType.split(",") }}',
      expires_at: '{{ item.expirationDateTime }}',
    },
    renew: {
      method: 'PATCH',
      endpoint: 'subscriptions/{{ registration.id }}',
      body: { expirationDateTime: '{{ expires_at }}' },
      expires_at: '{{ response.body.expirationDateTime }}',
    },
    delete: { endpoint: 'subscriptions/{{ registration.id }}' },
    // What all but a few resources allow at least: 4,230 minutes. Mail and calendar allow up to seven days.
    expiry: { after_seconds: 253_800 },
    handshake: [handshakes.microsoft_graph],
    signature: signatures.microsoft_graph,
    batch: '{{ body.value }}',
  },
}
