import type { ConnectorInput } from './connector.ts'
import { handshakes } from './presets/handshakes.ts'
import { signatures } from './presets/signatures.ts'

export const dropbox: ConnectorInput = {
  name: 'dropbox',
  title: 'Dropbox',
  description: 'Files and folders',
  external_docs: 'https://www.dropbox.com/developers/documentation/http/documentation',
  docs: ['https://www.dropbox.com/developers/reference/webhooks'],
  tags: ['documents'],
  base_domain: 'https://api.dropboxapi.com/2/',
  header: { token_prefix: 'Bearer {{token_format}}' },
  auth_config: {
    oauth2: {
      authorize_url: 'https://www.dropbox.com/oauth2/authorize',
      authorize_params: { token_access_type: 'offline' },
      token_url: 'https://api.dropboxapi.com/oauth2/token',
      help: 'Key and secret of your app in the App Console; the secret also signs webhooks.',
    },
  },
  test_request: { method: 'POST', endpoint: 'users/get_current_account' },
  actions: [
    {
      name: 'list_folder',
      title: 'List a folder',
      docs: 'https://www.dropbox.com/developers/documentation/http/documentation#files-list_folder',
      method: 'POST',
      // The top is an empty text: "/" is refused (files/list_folder, path).
      endpoint: 'files/list_folder',
      body: { path: '{{ path or "" }}', recursive: '{{ recursive }}' },
      form: {
        properties: { path: { description: 'Left out: the top' }, recursive: { type: 'boolean' } },
      },
    },
    {
      name: 'list_changes',
      title: 'List what changed since a cursor',
      docs: 'https://www.dropbox.com/developers/documentation/http/documentation#files-list_folder/continue',
      method: 'POST',
      endpoint: 'files/list_folder/continue',
      body: { cursor: '{{ cursor }}' },
      form: { properties: { cursor: { type: 'string' } }, required: ['cursor'] },
    },
    {
      name: 'search',
      title: 'Search files',
      docs: 'https://www.dropbox.com/developers/documentation/http/documentation#files-search_v2',
      method: 'POST',
      endpoint: 'files/search_v2',
      body: { query: '{{ query }}' },
      form: { properties: { query: { type: 'string' } }, required: ['query'] },
      output: '{{ response.body.matches }}',
    },
    {
      name: 'get_temporary_link',
      title: 'Get a link to a file for a few hours',
      docs: 'https://www.dropbox.com/developers/documentation/http/documentation#files-get_temporary_link',
      method: 'POST',
      endpoint: 'files/get_temporary_link',
      body: { path: '{{ path }}' },
      form: { properties: { path: {} }, required: ['path'] },
    },
    {
      name: 'create_folder',
      title: 'Create a folder',
      docs: 'https://www.dropbox.com/developers/documentation/http/documentation#files-create_folder_v2',
      method: 'POST',
      endpoint: 'files/create_folder_v2',
      body: { path: '{{ path }}', autorename: false },
      form: { properties: { path: {} }, required: ['path'] },
      output: '{{ response.body.metadata }}',
    },
  ],
  webhook_trigger: {
    setup: 'manual',
    instructions:
      'In the App Console (dropbox.com/developers/apps) open your app and add the address below under Webhook URIs. A notification only says whose files changed; list what changed with the action of that name.',
    docs: 'https://www.dropbox.com/developers/reference/webhooks',
    events: [{ name: 'list_folder', title: 'Files changed', sample: 'list_folder' }],
    single: 'app',
    handshake: [handshakes.dropbox],
    signature: signatures.dropbox,
    signing_secret: { from: 'auth', value: '{{ connectorAuth.user_input.client_secret }}' },
  },
}
