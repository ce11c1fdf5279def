import type { ConnectorInput } from './connector.ts'
import { signatures } from './presets/signatures.ts'

const priority = { enum: [1, 2, 3, 4], description: '1 is urgent, 4 is low' }

export const clickup: ConnectorInput = {
  name: 'clickup',
  title: 'ClickUp',
  description: 'Tasks, lists and spaces',
  external_docs: 'https://developer.clickup.com/reference',
  docs: [
    'https://developer.clickup.com/reference/createwebhook',
    'https://developer.clickup.com/docs/webhooks',
    'https://developer.clickup.com/docs/webhooksignature',
  ],
  tags: ['projects'],
  base_domain: 'https://api.clickup.com/api/v2/',
  auth_config: {
    api_key: { format: '{{ token }}', labels: { auth_token: 'Personal API token' } },
    oauth2: {
      authorize_url: 'https://app.clickup.com/api',
      token_url: 'https://api.clickup.com/api/v2/oauth/token',
      refreshes: false,
      pkce: false,
      format: 'Bearer {{ token }}',
    },
  },
  test_request: { endpoint: 'user' },
  pagination_config: {
    type: 'page',
    first_page: 0,
    more: '{{ not response.body.last_page }}',
  },
  rate_limit: { requests: 100, per_seconds: 60 },
  actions: [
    {
      name: 'list_workspaces',
      title: 'List workspaces',
      docs: 'https://developer.clickup.com/reference/getauthorizedteams',
      endpoint: 'team',
      output: '{{ response.body.teams }}',
    },
    {
      name: 'list_tasks',
      title: 'List tasks of a list',
      docs: 'https://developer.clickup.com/reference/gettasks',
      endpoint: 'list/{{ list }}/task',
      query: { include_closed: '{{ include_closed }}' },
      form: { properties: { list: {}, include_closed: { type: 'boolean' } }, required: ['list'] },
      output: '{{ response.body.tasks }}',
      paginated: true,
    },
    {
      name: 'get_task',
      title: 'Get a task',
      docs: 'https://developer.clickup.com/reference/gettask',
      endpoint: 'task/{{ task }}',
      form: { properties: { task: {} }, required: ['task'] },
    },
    {
      name: 'create_task',
      title: 'Create a task',
      docs: 'https://developer.clickup.com/reference/createtask',
      method: 'POST',
      endpoint: 'list/{{ list }}/task',
      body: {
        name: '{{ name }}',
        description: '{{ description }}',
        status: '{{ status }}',
        assignees: '{{ assignees }}',
        priority: '{{ priority }}',
      },
      form: {
        properties: {
          list: { description: 'Id' },
          name: {},
          description: {},
          status: { description: 'Name of one of the list’s statuses' },
          assignees: { type: 'array', items: { type: 'integer' }, description: 'Ids of users' },
          priority,
        },
        required: ['list', 'name'],
      },
    },
    {
      name: 'update_task',
      title: 'Update a task',
      docs: 'https://developer.clickup.com/reference/updatetask',
      method: 'PUT',
      endpoint: 'task/{{ task }}',
      body: {
        name: '{{ name }}',
        description: '{{ description }}',
        status: '{{ status }}',
        priority: '{{ priority }}',
      },
      form: { properties: { task: {}, name: {}, description: {}, status: {}, priority }, required: ['task'] },
    },
    {
      name: 'create_comment',
      title: 'Comment on a task',
      docs: 'https://developer.clickup.com/reference/createtaskcomment',
      method: 'POST',
      endpoint: 'task/{{ task }}/comment',
      body: { comment_text: '{{ text }}', notify_all: false },
      form: { properties: { task: {}, text: {} }, required: ['task', 'text'] },
    },
  ],
  webhook_trigger: {
    docs: 'https://developer.clickup.com/docs/webhooks',
    events: [
      { name: 'taskCreated', title: 'Task created', sample: 'taskCreated' },
      ...['taskUpdated', 'taskDeleted', 'taskStatusUpdated', 'taskAssigneeUpdated', 'taskDueDateUpdated', 'taskMoved'],
      ...['taskPriorityUpdated', 'taskTagUpdated', 'taskCommentPosted', 'taskTimeTrackedUpdated', 'listCreated'],
      ...['listUpdated', 'listDeleted', 'folderCreated', 'spaceCreated', 'goalCreated', 'goalUpdated'],
    ],
    event_name: '{{ body.event }}',
    form: {
      properties: {
        workspace: { description: 'Id of the workspace' },
        space: { type: 'integer', description: 'Id; at most one of space, folder and list' },
        folder: { type: 'integer' },
        list: { type: 'integer' },
      },
      required: ['workspace'],
    },
    create: {
      method: 'POST',
      endpoint: 'team/{{ workspace }}/webhook',
      body: {
        endpoint: '{{ webhook_url }}',
        events: '{{ events }}',
        space_id: '{{ space }}',
        folder_id: '{{ folder }}',
        list_id: '{{ list }}',
      },
    },
    list: {
      endpoint: 'team/{{ workspace }}/webhook',
      paginated: false,
      items: '{{ response.body.webhooks }}',
      url: '{{ item.endpoint }}',
      events: '{{ item.events }}',
      // One that is failing is still called; only a suspended one is not.
      active: '{{ item.health.status != "suspended" }}',
    },
    update: {
      method: 'PUT',
      endpoint: 'webhook/{{ registration.id }}',
      body: { endpoint: '{{ webhook_url }}', events: '{{ events }}', status: 'active' },
    },
    resume: {
      method: 'PUT',
      endpoint: 'webhook/{{ registration.id }}',
      body: { endpoint: '{{ webhook_url }}', events: '{{ events }}', status: 'active' },
    },
    delete: { endpoint: 'webhook/{{ registration.id }}' },
    signature: signatures.clickup,
    signing_secret: { from: 'answer', value: '{{ response.body.webhook.secret }}' },
    delivery_id: '{{ body.event ~ ":" ~ body.history_items[0].id }}',
  },
}
