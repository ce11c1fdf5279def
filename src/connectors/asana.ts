import type { ConnectorInput } from './connector.ts'
import { handshakes } from './presets/handshakes.ts'
import { signatures } from './presets/signatures.ts'

export const asana: ConnectorInput = {
  name: 'asana',
  title: 'Asana',
  description: 'Tasks and projects',
  external_docs: 'https://developers.asana.com/reference/rest-api-reference',
  docs: [
    'https://developers.asana.com/reference/createwebhook',
    'https://developers.asana.com/docs/webhooks-guide',
    'https://developers.asana.com/docs/oauth-scopes',
  ],
  tags: ['projects'],
  base_domain: 'https://app.asana.com/api/1.0/',
  header: { token_prefix: 'Bearer {{token_format}}' },
  auth_config: {
    api_key: { labels: { auth_token: 'Personal access token' } },
    oauth2: {
      authorize_url: 'https://app.asana.com/-/oauth_authorize',
      token_url: 'https://app.asana.com/-/oauth_token',
      // None are asked for: that is what an app with full permissions is to do, and no other kind has all that is needed.
      help: 'Give the app full permissions, on the OAuth page of the developer console.',
    },
  },
  test_request: { endpoint: 'users/me' },
  pagination_config: {
    type: 'cursor',
    cursor_param: 'offset',
    cursor: '{{ response.body.next_page.offset if response.body.next_page else none }}',
    size_param: 'limit',
    size: 100,
  },
  actions: [
    {
      name: 'list_workspaces',
      title: 'List workspaces',
      docs: 'https://developers.asana.com/reference/getworkspaces',
      endpoint: 'workspaces',
      output: '{{ response.body.data }}',
      paginated: true,
    },
    {
      name: 'list_tasks',
      title: 'List tasks of a project',
      docs: 'https://developers.asana.com/reference/gettasksforproject',
      endpoint: 'projects/{{ project }}/tasks',
      query: { opt_fields: '{{ fields }}' },
      form: { properties: { project: {}, fields: { examples: ['name,completed,due_on'] } }, required: ['project'] },
      output: '{{ response.body.data }}',
      paginated: true,
    },
    {
      name: 'get_task',
      title: 'Get a task',
      docs: 'https://developers.asana.com/reference/gettask',
      endpoint: 'tasks/{{ task }}',
      form: { properties: { task: {} }, required: ['task'] },
      output: '{{ response.body.data }}',
    },
    {
      name: 'create_task',
      title: 'Create a task',
      docs: 'https://developers.asana.com/reference/createtask',
      method: 'POST',
      endpoint: 'tasks',
      body: {
        data: {
          name: '{{ name }}',
          notes: '{{ notes }}',
          projects: '{{ [project] if project else none }}',
          workspace: '{{ workspace }}',
          assignee: '{{ assignee }}',
          due_on: '{{ due_on }}',
        },
      },
      form: {
        properties: {
          name: {},
          notes: {},
          project: { description: 'Id' },
          workspace: { description: 'Id; needed without a project' },
          assignee: { description: 'Id or email of a user, or me' },
          due_on: { format: 'date' },
        },
        required: ['name'],
      },
      output: '{{ response.body.data }}',
    },
    {
      name: 'update_task',
      title: 'Update a task',
      docs: 'https://developers.asana.com/reference/updatetask',
      method: 'PUT',
      endpoint: 'tasks/{{ task }}',
      body: {
        data: { name: '{{ name }}', notes: '{{ notes }}', completed: '{{ completed }}', due_on: '{{ due_on }}' },
      },
      form: {
        properties: { task: {}, name: {}, notes: {}, completed: { type: 'boolean' }, due_on: {} },
        required: ['task'],
      },
      output: '{{ response.body.data }}',
    },
    {
      name: 'create_comment',
      title: 'Comment on a task',
      docs: 'https://developers.asana.com/reference/createstoryfortask',
      method: 'POST',
      endpoint: 'tasks/{{ task }}/stories',
      body: { data: { text: '{{ text }}' } },
      form: { properties: { task: {}, text: {} }, required: ['task', 'text'] },
      output: '{{ response.body.data }}',
    },
  ],
  webhook_trigger: {
    docs: 'https://developers.asana.com/docs/webhooks-guide',
    events: [
      { name: 'task.added', title: 'Task added', sample: 'task.added' },
      { name: 'task.changed', title: 'Task changed', sample: 'task.changed' },
      { name: 'task.removed', title: 'Task removed' },
      { name: 'task.deleted', title: 'Task deleted' },
      { name: 'task.undeleted', title: 'Task restored' },
      { name: 'story.added', title: 'Comment or change noted', sample: 'story.added' },
      { name: 'project.changed', title: 'Project changed' },
    ],
    // Asana sends empty heartbeats, which are no event.
    events_filtered_by: 'hookline',
    event_name: '{{ body.events[0].resource.resource_type ~ "." ~ body.events[0].action }}',
    form: {
      properties: {
        workspace: { description: 'Id of the workspace' },
        resource: { description: 'Id of the project or task' },
      },
      required: ['workspace', 'resource'],
    },
    create: {
      method: 'POST',
      endpoint: 'webhooks',
      body: {
        data: {
          resource: '{{ resource }}',
          target: '{{ webhook_url }}',
          filters:
            '{{ events | map("regex_replace", "^(.*)[.](.*)$", "{\\"resource_type\\":\\"\\\\1\\",\\"action\\":\\"\\\\2\\"}") | map("parse_json") | list }}',
        },
      },
      id: '{{ response.body.data.gid }}',
    },
    list: {
      endpoint: 'webhooks',
      query: { workspace: '{{ workspace }}', resource: '{{ resource }}', limit: 100 },
      items: '{{ response.body.data }}',
      id: '{{ item.gid }}',
      url: '{{ item.target }}',
      active: '{{ item.active }}',
    },
    delete: { endpoint: 'webhooks/{{ registration.id }}' },
    handshake: [handshakes.asana],
    signature: signatures.asana,
    signing_secret: { from: 'handshake' },
    batch: '{{ body.events }}',
  },
}
