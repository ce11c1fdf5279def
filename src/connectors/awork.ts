import type { ConnectorInput } from './connector.ts'

const webhook = {
  name: 'Hookline: {{ flow_name }}',
  uri: '{{ webhook_url }}',
  events: '{{ events | join(",") }}',
  isActive: true,
  authenticationType: 'none',
}

export const awork: ConnectorInput = {
  name: 'awork',
  title: 'awork',
  description: 'Projects, tasks and time tracking',
  external_docs: 'https://developers.awork.com/',
  docs: [
    'https://developers.awork.com/webhooks',
    'https://developers.awork.com/apiv1/webhooks/post-webhook',
    'https://developers.awork.com/apiv1/webhooks/updates-the-webhook-with-the-specified-id',
    'https://developers.awork.com/authentication',
    'https://developers.awork.com/apiv1/projects/returns-all-projects',
  ],
  tags: ['projects'],
  base_domain: 'https://api.awork.com/api/v1/',
  header: { token_prefix: 'Bearer {{token_format}}' },
  auth_config: {
    api_key: { labels: { auth_token: 'API key' }, help: 'Settings, Integrations, API: create a client and a key.' },
    oauth2: {
      authorize_url: 'https://api.awork.com/api/v1/accounts/authorize',
      token_url: 'https://api.awork.com/api/v1/accounts/token',
      scopes: ['offline_access'],
      client_authentication: 'basic',
    },
  },
  // An API key belongs to no user, so there need not be one to ask for.
  test_request: { endpoint: 'projects', query: { page: 1, pageSize: 1 } },
  pagination_config: { type: 'page', size_param: 'pageSize', size: 100 },
  actions: [
    {
      name: 'list_projects',
      title: 'List projects',
      docs: 'https://developers.awork.com/apiv1/projects/returns-all-projects',
      endpoint: 'projects',
      paginated: true,
    },
    {
      name: 'create_project',
      title: 'Create a project',
      docs: 'https://developers.awork.com/apiv1/projects/post-project',
      method: 'POST',
      endpoint: 'projects',
      body: {
        name: '{{ name }}',
        description: '{{ description }}',
        companyId: '{{ company }}',
        dueDate: '{{ due_date }}',
      },
      form: { properties: { name: {}, description: {}, company: {}, due_date: {} }, required: ['name'] },
    },
    {
      name: 'list_tasks',
      title: 'List tasks of a project',
      docs: 'https://developers.awork.com/apiv1/project-tasks/returns-all-project-tasks-of-the-project-with-the-specified-id',
      endpoint: 'projects/{{ project }}/projecttasks',
      form: { properties: { project: {} }, required: ['project'] },
      paginated: true,
    },
    {
      name: 'list_users',
      title: 'List users',
      docs: 'https://developers.awork.com/apiv1/users/get-users',
      endpoint: 'users',
      paginated: true,
    },
    {
      name: 'list_companies',
      title: 'List companies',
      docs: 'https://developers.awork.com/apiv1/companies/get-companies',
      endpoint: 'companies',
      paginated: true,
    },
    {
      name: 'create_task',
      title: 'Create a task in a project',
      docs: 'https://developers.awork.com/apiv1/tasks/creates-a-new-task',
      method: 'POST',
      endpoint: 'tasks',
      body: {
        name: '{{ name }}',
        description: '{{ description }}',
        baseType: 'projecttask',
        entityId: '{{ project }}',
        typeOfWorkId: '{{ type_of_work }}',
        taskStatusId: '{{ status }}',
      },
      form: {
        properties: {
          project: { description: 'Id' },
          name: {},
          description: {},
          type_of_work: { description: 'Id' },
          status: { description: 'Id of one of the project’s task statuses' },
        },
        required: ['project', 'name', 'type_of_work', 'status'],
      },
    },
  ],
  webhook_trigger: {
    docs: 'https://developers.awork.com/webhooks',
    events: [
      { name: 'project_added', title: 'Project added', sample: 'project_added' },
      ...['project_updated', 'project_deleted', 'project_status_changed', 'project_comment_added'],
      ...['projectmember_added', 'projectmember_deleted', 'task_added', 'task_updated', 'task_deleted'],
      ...['task_status_changed', 'task_comment_added', 'taskassignment_added', 'tasklist_added', 'timetracking_added'],
      ...['timetracking_updated', 'company_added', 'company_updated', 'user_added', 'absence_added'],
    ],
    create: { method: 'POST', endpoint: 'webhooks', body: webhook },
    list: {
      endpoint: 'webhooks',
      url: '{{ item.uri }}',
      active: '{{ item.isActive }}',
      pagination: { type: 'page', size_param: 'pageSize', size: 100, more: '{{ response.body | length == 100 }}' },
    },
    update: { method: 'PUT', endpoint: 'webhooks/{{ registration.id }}', body: webhook },
    resume: { method: 'PUT', endpoint: 'webhooks/{{ registration.id }}', body: webhook },
    delete: { endpoint: 'webhooks/{{ registration.id }}' },
  },
  unverified: [
    'actions.1.body.dueDate',
    'actions.5.body.description',
    'auth_config.oauth2.client_authentication',
    'samples',
  ],
}
