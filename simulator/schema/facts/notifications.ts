import type { Area } from '../area.ts';

/** Derived by ../derive/main.ts from the schema of the real API. */
export const notifications: Area = {
  parameters: {
    author: 'string',
    body: 'string',
    delete: 'array of string:pve-configid',
    'from-address': 'string',
    header: 'array of string',
    'invert-match': 'boolean',
    mailto: 'array of string:email-or-username',
    'mailto-user': 'array of string:pve-userid',
    'match-calendar': 'array of string',
    'match-field': 'array of string',
    'match-severity': 'array of string',
    method: 'string in post|put|get',
    mode: 'string in all|any',
    name: 'string:pve-configid',
    port: 'integer',
    secret: 'array of string',
    server: 'string',
    target: 'array of string:pve-configid',
    url: 'string',
  },
  routes: {
    'GET /cluster/notifications': { name: 'index', allow: { user: 'all' } },
    'GET /cluster/notifications/endpoints': { name: 'endpoints_index', allow: { user: 'all' } },
    'GET /cluster/notifications/endpoints/gotify': {
      name: 'get_gotify_endpoints',
      allow: { check: ['perm', '/mapping/notifications', ['Mapping.Audit']] },
      flags: 'protected',
    },
    'POST /cluster/notifications/endpoints/gotify': {
      name: 'create_gotify_endpoint',
      allow: {
        check: [
          'and',
          ['perm', '/mapping/notifications', ['Mapping.Modify']],
          ['or', ['perm', '/', ['Sys.Audit', 'Sys.Modify']], ['perm', '/', ['Sys.AccessNetwork']]],
        ],
      },
      flags: 'protected',
      takes: 'comment? disable? name server token',
    },
    'DELETE /cluster/notifications/endpoints/gotify/{name}': {
      name: 'delete_gotify_endpoint',
      allow: { check: ['perm', '/mapping/notifications', ['Mapping.Modify']] },
      flags: 'protected',
    },
    'GET /cluster/notifications/endpoints/gotify/{name}': {
      name: 'get_gotify_endpoint',
      allow: {
        check: [
          'or',
          ['perm', '/mapping/notifications', ['Mapping.Modify']],
          ['perm', '/mapping/notifications', ['Mapping.Audit']],
        ],
      },
      flags: 'protected',
    },
    'PUT /cluster/notifications/endpoints/gotify/{name}': {
      name: 'update_gotify_endpoint',
      allow: {
        check: [
          'and',
          ['perm', '/mapping/notifications', ['Mapping.Modify']],
          ['or', ['perm', '/', ['Sys.Audit', 'Sys.Modify']], ['perm', '/', ['Sys.AccessNetwork']]],
        ],
      },
      flags: 'protected',
      takes: 'comment? delete? digest? disable? server? token?',
    },
    'GET /cluster/notifications/endpoints/sendmail': {
      name: 'get_sendmail_endpoints',
      allow: {
        check: [
          'or',
          ['perm', '/mapping/notifications', ['Mapping.Modify']],
          ['perm', '/mapping/notifications', ['Mapping.Audit']],
        ],
      },
      flags: 'protected',
    },
    'POST /cluster/notifications/endpoints/sendmail': {
      name: 'create_sendmail_endpoint',
      allow: {
        check: [
          'and',
          ['perm', '/mapping/notifications', ['Mapping.Modify']],
          ['or', ['perm', '/', ['Sys.Audit', 'Sys.Modify']], ['perm', '/', ['Sys.AccessNetwork']]],
        ],
      },
      flags: 'protected',
      takes: 'author? comment? disable? from-address? mailto-user? mailto? name',
    },
    'DELETE /cluster/notifications/endpoints/sendmail/{name}': {
      name: 'delete_sendmail_endpoint',
      allow: { check: ['perm', '/mapping/notifications', ['Mapping.Modify']] },
      flags: 'protected',
    },
    'GET /cluster/notifications/endpoints/sendmail/{name}': {
      name: 'get_sendmail_endpoint',
      allow: {
        check: [
          'or',
          ['perm', '/mapping/notifications', ['Mapping.Modify']],
          ['perm', '/mapping/notifications', ['Mapping.Audit']],
        ],
      },
      flags: 'protected',
    },
    'PUT /cluster/notifications/endpoints/sendmail/{name}': {
      name: 'update_sendmail_endpoint',
      allow: {
        check: [
          'and',
          ['perm', '/mapping/notifications', ['Mapping.Modify']],
          ['or', ['perm', '/', ['Sys.Audit', 'Sys.Modify']], ['perm', '/', ['Sys.AccessNetwork']]],
        ],
      },
      flags: 'protected',
      takes: 'author? comment? delete? digest? disable? from-address? mailto-user? mailto?',
    },
    'GET /cluster/notifications/endpoints/smtp': {
      name: 'get_smtp_endpoints',
      allow: {
        check: [
          'or',
          ['perm', '/mapping/notifications', ['Mapping.Modify']],
          ['perm', '/mapping/notifications', ['Mapping.Audit']],
        ],
      },
      flags: 'protected',
    },
    'POST /cluster/notifications/endpoints/smtp': {
      name: 'create_smtp_endpoint',
      allow: {
        check: [
          'and',
          ['perm', '/mapping/notifications', ['Mapping.Modify']],
          ['or', ['perm', '/', ['Sys.Audit', 'Sys.Modify']], ['perm', '/', ['Sys.AccessNetwork']]],
        ],
      },
      flags: 'protected',
      takes: `
        author? comment? disable? from-address mailto-user? mailto? mode? name password? port? server username?`,
      but: { mode: 'string in insecure|starttls|tls' },
    },
    'DELETE /cluster/notifications/endpoints/smtp/{name}': {
      name: 'delete_smtp_endpoint',
      allow: { check: ['perm', '/mapping/notifications', ['Mapping.Modify']] },
      flags: 'protected',
    },
    'GET /cluster/notifications/endpoints/smtp/{name}': {
      name: 'get_smtp_endpoint',
      allow: {
        check: [
          'or',
          ['perm', '/mapping/notifications', ['Mapping.Modify']],
          ['perm', '/mapping/notifications', ['Mapping.Audit']],
        ],
      },
      flags: 'protected',
    },
    'PUT /cluster/notifications/endpoints/smtp/{name}': {
      name: 'update_smtp_endpoint',
      allow: {
        check: [
          'and',
          ['perm', '/mapping/notifications', ['Mapping.Modify']],
          ['or', ['perm', '/', ['Sys.Audit', 'Sys.Modify']], ['perm', '/', ['Sys.AccessNetwork']]],
        ],
      },
      flags: 'protected',
      takes: `
        author? comment? delete? digest? disable? from-address? mailto-user? mailto? mode? password? port?
        server? username?`,
      but: { mode: 'string in insecure|starttls|tls' },
    },
    'GET /cluster/notifications/endpoints/webhook': {
      name: 'get_webhook_endpoints',
      allow: { check: ['perm', '/mapping/notifications', ['Mapping.Audit']] },
      flags: 'protected',
    },
    'POST /cluster/notifications/endpoints/webhook': {
      name: 'create_webhook_endpoint',
      allow: {
        check: [
          'and',
          ['perm', '/mapping/notifications', ['Mapping.Modify']],
          ['or', ['perm', '/', ['Sys.Audit', 'Sys.Modify']], ['perm', '/', ['Sys.AccessNetwork']]],
        ],
      },
      flags: 'protected',
      takes: 'body? comment? disable? header? method name secret? url',
    },
    'DELETE /cluster/notifications/endpoints/webhook/{name}': {
      name: 'delete_webhook_endpoint',
      allow: { check: ['perm', '/mapping/notifications', ['Mapping.Modify']] },
      flags: 'protected',
    },
    'GET /cluster/notifications/endpoints/webhook/{name}': {
      name: 'get_webhook_endpoint',
      allow: {
        check: [
          'or',
          ['perm', '/mapping/notifications', ['Mapping.Modify']],
          ['perm', '/mapping/notifications', ['Mapping.Audit']],
        ],
      },
      flags: 'protected',
    },
    'PUT /cluster/notifications/endpoints/webhook/{name}': {
      name: 'update_webhook_endpoint',
      allow: {
        check: [
          'and',
          ['perm', '/mapping/notifications', ['Mapping.Modify']],
          ['or', ['perm', '/', ['Sys.Audit', 'Sys.Modify']], ['perm', '/', ['Sys.AccessNetwork']]],
        ],
      },
      flags: 'protected',
      takes: 'body? comment? delete? digest? disable? header? method? secret? url?',
    },
    'GET /cluster/notifications/matcher-field-values': {
      name: 'get_matcher_field_values',
      allow: {
        check: [
          'or',
          ['perm', '/mapping/notifications', ['Mapping.Modify']],
          ['perm', '/mapping/notifications', ['Mapping.Audit']],
        ],
      },
      flags: 'protected',
    },
    'GET /cluster/notifications/matcher-fields': {
      name: 'get_matcher_fields',
      allow: {
        check: [
          'or',
          ['perm', '/mapping/notifications', ['Mapping.Modify']],
          ['perm', '/mapping/notifications', ['Mapping.Audit']],
        ],
      },
    },
    'GET /cluster/notifications/matchers': {
      name: 'get_matchers',
      allow: {
        check: [
          'or',
          ['perm', '/mapping/notifications', ['Mapping.Modify']],
          ['perm', '/mapping/notifications', ['Mapping.Audit']],
          ['perm', '/mapping/notifications', ['Mapping.Use']],
        ],
      },
      flags: 'protected',
    },
    'POST /cluster/notifications/matchers': {
      name: 'create_matcher',
      allow: { check: ['perm', '/mapping/notifications', ['Mapping.Modify']] },
      flags: 'protected',
      takes: `
        comment? disable? invert-match? match-calendar? match-field? match-severity? mode? name target?`,
    },
    'DELETE /cluster/notifications/matchers/{name}': {
      name: 'delete_matcher',
      allow: { check: ['perm', '/mapping/notifications', ['Mapping.Modify']] },
      flags: 'protected',
    },
    'GET /cluster/notifications/matchers/{name}': {
      name: 'get_matcher',
      allow: {
        check: [
          'or',
          ['perm', '/mapping/notifications', ['Mapping.Modify']],
          ['perm', '/mapping/notifications', ['Mapping.Audit']],
        ],
      },
      flags: 'protected',
    },
    'PUT /cluster/notifications/matchers/{name}': {
      name: 'update_matcher',
      allow: { check: ['perm', '/mapping/notifications', ['Mapping.Modify']] },
      flags: 'protected',
      takes: `
        comment? delete? digest? disable? invert-match? match-calendar? match-field? match-severity? mode?
        target?`,
    },
    'GET /cluster/notifications/targets': {
      name: 'get_all_targets',
      allow: {
        check: [
          'or',
          ['perm', '/mapping/notifications', ['Mapping.Modify']],
          ['perm', '/mapping/notifications', ['Mapping.Audit']],
          ['perm', '/mapping/notifications', ['Mapping.Use']],
        ],
      },
      flags: 'protected',
    },
    'POST /cluster/notifications/targets/{name}/test': {
      name: 'test_target',
      allow: {
        check: [
          'or',
          ['perm', '/mapping/notifications', ['Mapping.Modify']],
          ['perm', '/mapping/notifications', ['Mapping.Audit']],
          ['perm', '/mapping/notifications', ['Mapping.Use']],
        ],
      },
      flags: 'protected',
    },
  },
};
