import type { Area } from '../area.ts';

/** Derived by ../derive/main.ts from the schema of the real API. */
export const agent: Area = {
  parameters: {
    'command@8.4': 'array of string:string',
    'command@9.2': 'array of string',
    content: 'string {..61440}',
    count: 'integer 1..16777216',
    crypted: 'boolean',
    decode: 'boolean',
    encode: 'boolean',
    file: 'string',
    'input-data': 'string {..65536}',
    offset: 'integer 0..',
    password: 'string {5..1024}',
    pid: 'integer',
  },
  routes: {
    'GET /nodes/{node}/qemu/{vmid}/agent': { name: 'index', allow: { user: 'all' }, flags: 'proxied open' },
    'POST /nodes/{node}/qemu/{vmid}/agent@8.4': {
      name: 'agent',
      allow: { check: ['perm', '/vms/{vmid}', ['VM.Monitor']] },
      flags: 'protected proxied',
      takes: 'command',
      but: {
        command:
          'string in fsfreeze-freeze|fsfreeze-status|fsfreeze-thaw|fstrim|get-fsinfo|get-host-name|get-memory-block-info|get-memory-blocks|get-osinfo|get-time|get-timezone|get-users|get-vcpus|info|network-get-interfaces|ping|shutdown|suspend-disk|suspend-hybrid|suspend-ram',
      },
    },
    'POST /nodes/{node}/qemu/{vmid}/agent@9.2': {
      name: 'agent',
      allow: { check: ['perm', '/vms/{vmid}', ['VM.GuestAgent.Unrestricted', 'VM.GuestAgent.Unrestricted'], 'any', 1] },
      flags: 'protected proxied',
      takes: 'command',
      but: {
        command:
          'string in fsfreeze-freeze|fsfreeze-status|fsfreeze-thaw|fstrim|get-fsinfo|get-host-name|get-memory-block-info|get-memory-blocks|get-osinfo|get-time|get-timezone|get-users|get-vcpus|info|network-get-interfaces|ping|shutdown|suspend-disk|suspend-hybrid|suspend-ram',
      },
    },
    'POST /nodes/{node}/qemu/{vmid}/agent/exec@8.4': {
      name: 'exec',
      allow: { check: ['perm', '/vms/{vmid}', ['VM.Monitor']] },
      flags: 'protected proxied',
      takes: 'command input-data?',
    },
    'POST /nodes/{node}/qemu/{vmid}/agent/exec@9.2': {
      name: 'exec',
      allow: { check: ['perm', '/vms/{vmid}', ['VM.GuestAgent.Unrestricted']] },
      flags: 'protected proxied',
      takes: 'command input-data?',
    },
    'GET /nodes/{node}/qemu/{vmid}/agent/exec-status@8.4': {
      name: 'exec-status',
      allow: { check: ['perm', '/vms/{vmid}', ['VM.Monitor']] },
      flags: 'protected proxied',
      takes: 'pid',
    },
    'GET /nodes/{node}/qemu/{vmid}/agent/exec-status@9.2': {
      name: 'exec-status',
      allow: { check: ['perm', '/vms/{vmid}', ['VM.GuestAgent.Unrestricted']] },
      flags: 'protected proxied',
      takes: 'pid',
    },
    'GET /nodes/{node}/qemu/{vmid}/agent/file-read@8.4': {
      name: 'file-read',
      allow: { check: ['perm', '/vms/{vmid}', ['VM.Monitor']] },
      flags: 'protected proxied',
      takes: 'file',
    },
    'GET /nodes/{node}/qemu/{vmid}/agent/file-read@9.2': {
      name: 'file-read',
      allow: { check: ['perm', '/vms/{vmid}', ['VM.GuestAgent.FileRead', 'VM.GuestAgent.Unrestricted'], 'any', 1] },
      flags: 'protected proxied',
      takes: 'count? decode? file offset?',
    },
    'POST /nodes/{node}/qemu/{vmid}/agent/file-write@8.4': {
      name: 'file-write',
      allow: { check: ['perm', '/vms/{vmid}', ['VM.Monitor']] },
      flags: 'protected proxied',
      takes: 'content encode? file',
    },
    'POST /nodes/{node}/qemu/{vmid}/agent/file-write@9.2': {
      name: 'file-write',
      allow: { check: ['perm', '/vms/{vmid}', ['VM.GuestAgent.FileWrite', 'VM.GuestAgent.Unrestricted'], 'any', 1] },
      flags: 'protected proxied',
      takes: 'content encode? file',
    },
    'POST /nodes/{node}/qemu/{vmid}/agent/fsfreeze-freeze@8.4': {
      name: 'fsfreeze-freeze',
      allow: { check: ['perm', '/vms/{vmid}', ['VM.Monitor']] },
      flags: 'protected proxied',
    },
    'POST /nodes/{node}/qemu/{vmid}/agent/fsfreeze-freeze@9.2': {
      name: 'fsfreeze-freeze',
      allow: {
        check: ['perm', '/vms/{vmid}', ['VM.GuestAgent.FileSystemMgmt', 'VM.GuestAgent.Unrestricted'], 'any', 1],
      },
      flags: 'protected proxied',
    },
    'POST /nodes/{node}/qemu/{vmid}/agent/fsfreeze-status@8.4': {
      name: 'fsfreeze-status',
      allow: { check: ['perm', '/vms/{vmid}', ['VM.Monitor']] },
      flags: 'protected proxied',
    },
    'POST /nodes/{node}/qemu/{vmid}/agent/fsfreeze-status@9.2': {
      name: 'fsfreeze-status',
      allow: {
        check: [
          'perm',
          '/vms/{vmid}',
          ['VM.GuestAgent.Audit', 'VM.GuestAgent.FileSystemMgmt', 'VM.GuestAgent.Unrestricted'],
          'any',
          1,
        ],
      },
      flags: 'protected proxied',
    },
    'POST /nodes/{node}/qemu/{vmid}/agent/fsfreeze-thaw@8.4': {
      name: 'fsfreeze-thaw',
      allow: { check: ['perm', '/vms/{vmid}', ['VM.Monitor']] },
      flags: 'protected proxied',
    },
    'POST /nodes/{node}/qemu/{vmid}/agent/fsfreeze-thaw@9.2': {
      name: 'fsfreeze-thaw',
      allow: {
        check: ['perm', '/vms/{vmid}', ['VM.GuestAgent.FileSystemMgmt', 'VM.GuestAgent.Unrestricted'], 'any', 1],
      },
      flags: 'protected proxied',
    },
    'POST /nodes/{node}/qemu/{vmid}/agent/fstrim@8.4': {
      name: 'fstrim',
      allow: { check: ['perm', '/vms/{vmid}', ['VM.Monitor']] },
      flags: 'protected proxied',
    },
    'POST /nodes/{node}/qemu/{vmid}/agent/fstrim@9.2': {
      name: 'fstrim',
      allow: {
        check: ['perm', '/vms/{vmid}', ['VM.GuestAgent.FileSystemMgmt', 'VM.GuestAgent.Unrestricted'], 'any', 1],
      },
      flags: 'protected proxied',
    },
    'GET /nodes/{node}/qemu/{vmid}/agent/get-fsinfo@8.4': {
      name: 'get-fsinfo',
      allow: { check: ['perm', '/vms/{vmid}', ['VM.Monitor']] },
      flags: 'protected proxied',
    },
    'GET /nodes/{node}/qemu/{vmid}/agent/get-fsinfo@9.2': {
      name: 'get-fsinfo',
      allow: { check: ['perm', '/vms/{vmid}', ['VM.GuestAgent.Audit', 'VM.GuestAgent.Unrestricted'], 'any', 1] },
      flags: 'protected proxied',
    },
    'GET /nodes/{node}/qemu/{vmid}/agent/get-host-name@8.4': {
      name: 'get-host-name',
      allow: { check: ['perm', '/vms/{vmid}', ['VM.Monitor']] },
      flags: 'protected proxied',
    },
    'GET /nodes/{node}/qemu/{vmid}/agent/get-host-name@9.2': {
      name: 'get-host-name',
      allow: { check: ['perm', '/vms/{vmid}', ['VM.GuestAgent.Audit', 'VM.GuestAgent.Unrestricted'], 'any', 1] },
      flags: 'protected proxied',
    },
    'GET /nodes/{node}/qemu/{vmid}/agent/get-memory-block-info@8.4': {
      name: 'get-memory-block-info',
      allow: { check: ['perm', '/vms/{vmid}', ['VM.Monitor']] },
      flags: 'protected proxied',
    },
    'GET /nodes/{node}/qemu/{vmid}/agent/get-memory-block-info@9.2': {
      name: 'get-memory-block-info',
      allow: { check: ['perm', '/vms/{vmid}', ['VM.GuestAgent.Audit', 'VM.GuestAgent.Unrestricted'], 'any', 1] },
      flags: 'protected proxied',
    },
    'GET /nodes/{node}/qemu/{vmid}/agent/get-memory-blocks@8.4': {
      name: 'get-memory-blocks',
      allow: { check: ['perm', '/vms/{vmid}', ['VM.Monitor']] },
      flags: 'protected proxied',
    },
    'GET /nodes/{node}/qemu/{vmid}/agent/get-memory-blocks@9.2': {
      name: 'get-memory-blocks',
      allow: { check: ['perm', '/vms/{vmid}', ['VM.GuestAgent.Audit', 'VM.GuestAgent.Unrestricted'], 'any', 1] },
      flags: 'protected proxied',
    },
    'GET /nodes/{node}/qemu/{vmid}/agent/get-osinfo@8.4': {
      name: 'get-osinfo',
      allow: { check: ['perm', '/vms/{vmid}', ['VM.Monitor']] },
      flags: 'protected proxied',
    },
    'GET /nodes/{node}/qemu/{vmid}/agent/get-osinfo@9.2': {
      name: 'get-osinfo',
      allow: { check: ['perm', '/vms/{vmid}', ['VM.GuestAgent.Audit', 'VM.GuestAgent.Unrestricted'], 'any', 1] },
      flags: 'protected proxied',
    },
    'GET /nodes/{node}/qemu/{vmid}/agent/get-time@8.4': {
      name: 'get-time',
      allow: { check: ['perm', '/vms/{vmid}', ['VM.Monitor']] },
      flags: 'protected proxied',
    },
    'GET /nodes/{node}/qemu/{vmid}/agent/get-time@9.2': {
      name: 'get-time',
      allow: { check: ['perm', '/vms/{vmid}', ['VM.GuestAgent.Audit', 'VM.GuestAgent.Unrestricted'], 'any', 1] },
      flags: 'protected proxied',
    },
    'GET /nodes/{node}/qemu/{vmid}/agent/get-timezone@8.4': {
      name: 'get-timezone',
      allow: { check: ['perm', '/vms/{vmid}', ['VM.Monitor']] },
      flags: 'protected proxied',
    },
    'GET /nodes/{node}/qemu/{vmid}/agent/get-timezone@9.2': {
      name: 'get-timezone',
      allow: { check: ['perm', '/vms/{vmid}', ['VM.GuestAgent.Audit', 'VM.GuestAgent.Unrestricted'], 'any', 1] },
      flags: 'protected proxied',
    },
    'GET /nodes/{node}/qemu/{vmid}/agent/get-users@8.4': {
      name: 'get-users',
      allow: { check: ['perm', '/vms/{vmid}', ['VM.Monitor']] },
      flags: 'protected proxied',
    },
    'GET /nodes/{node}/qemu/{vmid}/agent/get-users@9.2': {
      name: 'get-users',
      allow: { check: ['perm', '/vms/{vmid}', ['VM.GuestAgent.Audit', 'VM.GuestAgent.Unrestricted'], 'any', 1] },
      flags: 'protected proxied',
    },
    'GET /nodes/{node}/qemu/{vmid}/agent/get-vcpus@8.4': {
      name: 'get-vcpus',
      allow: { check: ['perm', '/vms/{vmid}', ['VM.Monitor']] },
      flags: 'protected proxied',
    },
    'GET /nodes/{node}/qemu/{vmid}/agent/get-vcpus@9.2': {
      name: 'get-vcpus',
      allow: { check: ['perm', '/vms/{vmid}', ['VM.GuestAgent.Audit', 'VM.GuestAgent.Unrestricted'], 'any', 1] },
      flags: 'protected proxied',
    },
    'GET /nodes/{node}/qemu/{vmid}/agent/info@8.4': {
      name: 'info',
      allow: { check: ['perm', '/vms/{vmid}', ['VM.Monitor']] },
      flags: 'protected proxied',
    },
    'GET /nodes/{node}/qemu/{vmid}/agent/info@9.2': {
      name: 'info',
      allow: { check: ['perm', '/vms/{vmid}', ['VM.GuestAgent.Audit', 'VM.GuestAgent.Unrestricted'], 'any', 1] },
      flags: 'protected proxied',
    },
    'GET /nodes/{node}/qemu/{vmid}/agent/network-get-interfaces@8.4': {
      name: 'network-get-interfaces',
      allow: { check: ['perm', '/vms/{vmid}', ['VM.Monitor']] },
      flags: 'protected proxied',
    },
    'GET /nodes/{node}/qemu/{vmid}/agent/network-get-interfaces@9.2': {
      name: 'network-get-interfaces',
      allow: { check: ['perm', '/vms/{vmid}', ['VM.GuestAgent.Audit', 'VM.GuestAgent.Unrestricted'], 'any', 1] },
      flags: 'protected proxied',
    },
    'POST /nodes/{node}/qemu/{vmid}/agent/ping@8.4': {
      name: 'ping',
      allow: { check: ['perm', '/vms/{vmid}', ['VM.Monitor']] },
      flags: 'protected proxied',
    },
    'POST /nodes/{node}/qemu/{vmid}/agent/ping@9.2': {
      name: 'ping',
      allow: { check: ['perm', '/vms/{vmid}', ['VM.GuestAgent.Audit', 'VM.GuestAgent.Unrestricted'], 'any', 1] },
      flags: 'protected proxied',
    },
    'POST /nodes/{node}/qemu/{vmid}/agent/set-user-password@8.4': {
      name: 'set-user-password',
      allow: { check: ['perm', '/vms/{vmid}', ['VM.Monitor']] },
      flags: 'protected proxied',
      takes: 'crypted? password username',
    },
    'POST /nodes/{node}/qemu/{vmid}/agent/set-user-password@9.2': {
      name: 'set-user-password',
      allow: { check: ['perm', '/vms/{vmid}', ['VM.GuestAgent.Unrestricted']] },
      flags: 'protected proxied',
      takes: 'crypted? password username',
    },
    'POST /nodes/{node}/qemu/{vmid}/agent/shutdown@8.4': {
      name: 'shutdown',
      allow: { check: ['perm', '/vms/{vmid}', ['VM.Monitor']] },
      flags: 'protected proxied',
    },
    'POST /nodes/{node}/qemu/{vmid}/agent/shutdown@9.2': {
      name: 'shutdown',
      allow: { check: ['perm', '/vms/{vmid}', ['VM.PowerMgmt', 'VM.GuestAgent.Unrestricted'], 'any', 1] },
      flags: 'protected proxied',
    },
    'POST /nodes/{node}/qemu/{vmid}/agent/suspend-disk@8.4': {
      name: 'suspend-disk',
      allow: { check: ['perm', '/vms/{vmid}', ['VM.Monitor']] },
      flags: 'protected proxied',
    },
    'POST /nodes/{node}/qemu/{vmid}/agent/suspend-disk@9.2': {
      name: 'suspend-disk',
      allow: { check: ['perm', '/vms/{vmid}', ['VM.PowerMgmt', 'VM.GuestAgent.Unrestricted'], 'any', 1] },
      flags: 'protected proxied',
    },
    'POST /nodes/{node}/qemu/{vmid}/agent/suspend-hybrid@8.4': {
      name: 'suspend-hybrid',
      allow: { check: ['perm', '/vms/{vmid}', ['VM.Monitor']] },
      flags: 'protected proxied',
    },
    'POST /nodes/{node}/qemu/{vmid}/agent/suspend-hybrid@9.2': {
      name: 'suspend-hybrid',
      allow: { check: ['perm', '/vms/{vmid}', ['VM.PowerMgmt', 'VM.GuestAgent.Unrestricted'], 'any', 1] },
      flags: 'protected proxied',
    },
    'POST /nodes/{node}/qemu/{vmid}/agent/suspend-ram@8.4': {
      name: 'suspend-ram',
      allow: { check: ['perm', '/vms/{vmid}', ['VM.Monitor']] },
      flags: 'protected proxied',
    },
    'POST /nodes/{node}/qemu/{vmid}/agent/suspend-ram@9.2': {
      name: 'suspend-ram',
      allow: { check: ['perm', '/vms/{vmid}', ['VM.PowerMgmt', 'VM.GuestAgent.Unrestricted'], 'any', 1] },
      flags: 'protected proxied',
    },
  },
};
