import type { Area } from '../area.ts';

/** Derived by ../derive/main.ts from the schema of the real API. */
export const firewall: Area = {
  parameters: {
    cidr: 'string:IPorCIDRorAlias',
    dhcp: 'boolean',
    ebtables: 'boolean',
    group: 'string {2..18} like [A-Za-z][A-Za-z0-9\\-\\_]+',
    ipfilter: 'boolean',
    log_level_forward: 'string in emerg|alert|crit|err|warning|notice|info|debug|nolog',
    log_level_in: 'string in emerg|alert|crit|err|warning|notice|info|debug|nolog',
    log_level_out: 'string in emerg|alert|crit|err|warning|notice|info|debug|nolog',
    log_nf_conntrack: 'boolean',
    log_ratelimit: 'string:log_ratelimit',
    macfilter: 'boolean',
    name: 'string {2..64} like [A-Za-z][A-Za-z0-9\\-\\_]+',
    ndp: 'boolean',
    nf_conntrack_allow_invalid: 'boolean',
    nf_conntrack_helpers: 'string:pve-fw-conntrack-helper',
    nf_conntrack_max: 'integer 32768..',
    nf_conntrack_tcp_timeout_established: 'integer 7875..',
    nf_conntrack_tcp_timeout_syn_recv: 'integer 30..60',
    nftables: 'boolean',
    nomatch: 'boolean',
    nosmurfs: 'boolean',
    policy_forward: 'string in ACCEPT|DROP',
    policy_in: 'string in ACCEPT|REJECT|DROP',
    policy_out: 'string in ACCEPT|REJECT|DROP',
    protection_synflood: 'boolean',
    protection_synflood_burst: 'integer',
    protection_synflood_rate: 'integer',
    radv: 'boolean',
    rename: 'string {2..64} like [A-Za-z][A-Za-z0-9\\-\\_]+',
    smurf_log_level: 'string in emerg|alert|crit|err|warning|notice|info|debug|nolog',
    tcp_flags_log_level: 'string in emerg|alert|crit|err|warning|notice|info|debug|nolog',
    tcpflags: 'boolean',
  },
  routes: {
    'GET /cluster/firewall': { name: 'index', allow: { user: 'all' } },
    'GET /cluster/firewall/aliases': { name: 'get_aliases', allow: { check: ['perm', '/', ['Sys.Audit']] } },
    'POST /cluster/firewall/aliases': {
      name: 'create_alias',
      allow: { check: ['perm', '/', ['Sys.Modify']] },
      flags: 'protected',
      takes: 'cidr comment? name',
      but: { cidr: 'string:IPorCIDR' },
    },
    'DELETE /cluster/firewall/aliases/{name}': {
      name: 'remove_alias',
      allow: { check: ['perm', '/', ['Sys.Modify']] },
      flags: 'protected',
      takes: 'digest?',
    },
    'GET /cluster/firewall/aliases/{name}': { name: 'read_alias', allow: { check: ['perm', '/', ['Sys.Audit']] } },
    'PUT /cluster/firewall/aliases/{name}': {
      name: 'update_alias',
      allow: { check: ['perm', '/', ['Sys.Modify']] },
      flags: 'protected',
      takes: 'cidr comment? digest? rename?',
      but: { cidr: 'string:IPorCIDR' },
    },
    'GET /cluster/firewall/groups': { name: 'list_security_groups', allow: { user: 'all' } },
    'POST /cluster/firewall/groups': {
      name: 'create_security_group',
      allow: { check: ['perm', '/', ['Sys.Modify']] },
      flags: 'protected',
      takes: 'comment? digest? group rename?',
      but: { rename: 'string {2..18} like [A-Za-z][A-Za-z0-9\\-\\_]+' },
    },
    'DELETE /cluster/firewall/groups/{group}': {
      name: 'delete_security_group',
      allow: { check: ['perm', '/', ['Sys.Modify']] },
      flags: 'protected',
    },
    'GET /cluster/firewall/groups/{group}': { name: 'get_rules', allow: { check: ['perm', '/', ['Sys.Audit']] } },
    'POST /cluster/firewall/groups/{group}': {
      name: 'create_rule',
      allow: { check: ['perm', '/', ['Sys.Modify']] },
      flags: 'protected',
      takes: `
        action comment? dest? digest? dport? enable? icmp-type? iface? log? macro? pos? proto? source? sport?
        type`,
    },
    'DELETE /cluster/firewall/groups/{group}/{pos}': {
      name: 'delete_rule',
      allow: { check: ['perm', '/', ['Sys.Modify']] },
      flags: 'protected',
      takes: 'digest?',
    },
    'GET /cluster/firewall/groups/{group}/{pos}': { name: 'get_rule', allow: { check: ['perm', '/', ['Sys.Audit']] } },
    'PUT /cluster/firewall/groups/{group}/{pos}': {
      name: 'update_rule',
      allow: { check: ['perm', '/', ['Sys.Modify']] },
      flags: 'protected',
      takes: `
        action? comment? delete? dest? digest? dport? enable? icmp-type? iface? log? macro? moveto? proto?
        source? sport? type?`,
    },
    'GET /cluster/firewall/ipset': { name: 'ipset_index', allow: { check: ['perm', '/', ['Sys.Audit']] } },
    'POST /cluster/firewall/ipset': {
      name: 'create_ipset',
      allow: { check: ['perm', '/', ['Sys.Modify']] },
      flags: 'protected',
      takes: 'comment? digest? name rename?',
    },
    'DELETE /cluster/firewall/ipset/{name}': {
      name: 'delete_ipset',
      allow: { check: ['perm', '/', ['Sys.Modify']] },
      flags: 'protected',
      takes: 'force?',
    },
    'GET /cluster/firewall/ipset/{name}': { name: 'get_ipset', allow: { check: ['perm', '/', ['Sys.Audit']] } },
    'POST /cluster/firewall/ipset/{name}': {
      name: 'create_ip',
      allow: { check: ['perm', '/', ['Sys.Modify']] },
      flags: 'protected',
      takes: 'cidr comment? nomatch?',
    },
    'DELETE /cluster/firewall/ipset/{name}/{cidr}': {
      name: 'remove_ip',
      allow: { check: ['perm', '/', ['Sys.Modify']] },
      flags: 'protected',
      takes: 'digest?',
    },
    'GET /cluster/firewall/ipset/{name}/{cidr}': {
      name: 'read_ip',
      allow: { check: ['perm', '/', ['Sys.Audit']] },
      flags: 'protected',
    },
    'PUT /cluster/firewall/ipset/{name}/{cidr}': {
      name: 'update_ip',
      allow: { check: ['perm', '/', ['Sys.Modify']] },
      flags: 'protected',
      takes: 'comment? digest? nomatch?',
    },
    'GET /cluster/firewall/macros': { name: 'get_macros', allow: { user: 'all' } },
    'GET /cluster/firewall/options': { name: 'get_options', allow: { check: ['perm', '/', ['Sys.Audit']] } },
    'PUT /cluster/firewall/options': {
      name: 'set_options',
      allow: { check: ['perm', '/', ['Sys.Modify']] },
      flags: 'protected',
      takes: 'delete? digest? ebtables? enable? log_ratelimit? policy_forward? policy_in? policy_out?',
    },
    'GET /cluster/firewall/refs': {
      name: 'refs',
      allow: { check: ['perm', '/', ['Sys.Audit']] },
      takes: 'type?',
      but: { type: 'string in alias|ipset' },
    },
    'GET /cluster/firewall/rules': { name: 'get_rules', allow: { check: ['perm', '/', ['Sys.Audit']] } },
    'POST /cluster/firewall/rules': {
      name: 'create_rule',
      allow: { check: ['perm', '/', ['Sys.Modify']] },
      flags: 'protected',
      takes: `
        action comment? dest? digest? dport? enable? icmp-type? iface? log? macro? pos? proto? source? sport?
        type`,
    },
    'DELETE /cluster/firewall/rules/{pos}': {
      name: 'delete_rule',
      allow: { check: ['perm', '/', ['Sys.Modify']] },
      flags: 'protected',
      takes: 'digest?',
    },
    'GET /cluster/firewall/rules/{pos}': { name: 'get_rule', allow: { check: ['perm', '/', ['Sys.Audit']] } },
    'PUT /cluster/firewall/rules/{pos}': {
      name: 'update_rule',
      allow: { check: ['perm', '/', ['Sys.Modify']] },
      flags: 'protected',
      takes: `
        action? comment? delete? dest? digest? dport? enable? icmp-type? iface? log? macro? moveto? proto?
        source? sport? type?`,
    },
    'GET /nodes/{node}/firewall': { name: 'index', allow: { user: 'all' } },
    'GET /nodes/{node}/firewall/log': {
      name: 'log',
      allow: { check: ['perm', '/nodes/{node}', ['Sys.Syslog']] },
      flags: 'protected proxied',
      takes: 'limit? since? start? until?',
    },
    'GET /nodes/{node}/firewall/options': {
      name: 'get_options',
      allow: { check: ['perm', '/nodes/{node}', ['Sys.Audit']] },
      flags: 'proxied',
    },
    'PUT /nodes/{node}/firewall/options': {
      name: 'set_options',
      allow: { check: ['perm', '/nodes/{node}', ['Sys.Modify']] },
      flags: 'protected proxied',
      takes: `
        delete? digest? enable? log_level_forward? log_level_in? log_level_out? log_nf_conntrack? ndp?
        nf_conntrack_allow_invalid? nf_conntrack_helpers? nf_conntrack_max? nf_conntrack_tcp_timeout_established?
        nf_conntrack_tcp_timeout_syn_recv? nftables? nosmurfs? protection_synflood? protection_synflood_burst?
        protection_synflood_rate? smurf_log_level? tcp_flags_log_level? tcpflags?`,
      but: { enable: 'boolean' },
    },
    'GET /nodes/{node}/firewall/rules': {
      name: 'get_rules',
      allow: { check: ['perm', '/nodes/{node}', ['Sys.Audit']] },
      flags: 'proxied',
    },
    'POST /nodes/{node}/firewall/rules': {
      name: 'create_rule',
      allow: { check: ['perm', '/nodes/{node}', ['Sys.Modify']] },
      flags: 'protected proxied',
      takes: `
        action comment? dest? digest? dport? enable? icmp-type? iface? log? macro? pos? proto? source? sport?
        type`,
    },
    'DELETE /nodes/{node}/firewall/rules/{pos}': {
      name: 'delete_rule',
      allow: { check: ['perm', '/nodes/{node}', ['Sys.Modify']] },
      flags: 'protected proxied',
      takes: 'digest?',
    },
    'GET /nodes/{node}/firewall/rules/{pos}': {
      name: 'get_rule',
      allow: { check: ['perm', '/nodes/{node}', ['Sys.Audit']] },
      flags: 'proxied',
    },
    'PUT /nodes/{node}/firewall/rules/{pos}': {
      name: 'update_rule',
      allow: { check: ['perm', '/nodes/{node}', ['Sys.Modify']] },
      flags: 'protected proxied',
      takes: `
        action? comment? delete? dest? digest? dport? enable? icmp-type? iface? log? macro? moveto? proto?
        source? sport? type?`,
    },
    'GET /nodes/{node}/qemu/{vmid}/firewall': { name: 'index', allow: { user: 'all' } },
    'GET /nodes/{node}/qemu/{vmid}/firewall/aliases': {
      name: 'get_aliases',
      allow: { check: ['perm', '/vms/{vmid}', ['VM.Audit']] },
    },
    'POST /nodes/{node}/qemu/{vmid}/firewall/aliases': {
      name: 'create_alias',
      allow: { check: ['perm', '/vms/{vmid}', ['VM.Config.Network']] },
      flags: 'protected',
      takes: 'cidr comment? name',
      but: { cidr: 'string:IPorCIDR' },
    },
    'DELETE /nodes/{node}/qemu/{vmid}/firewall/aliases/{name}': {
      name: 'remove_alias',
      allow: { check: ['perm', '/vms/{vmid}', ['VM.Config.Network']] },
      flags: 'protected',
      takes: 'digest?',
    },
    'GET /nodes/{node}/qemu/{vmid}/firewall/aliases/{name}': {
      name: 'read_alias',
      allow: { check: ['perm', '/vms/{vmid}', ['VM.Audit']] },
    },
    'PUT /nodes/{node}/qemu/{vmid}/firewall/aliases/{name}': {
      name: 'update_alias',
      allow: { check: ['perm', '/vms/{vmid}', ['VM.Config.Network']] },
      flags: 'protected',
      takes: 'cidr comment? digest? rename?',
      but: { cidr: 'string:IPorCIDR' },
    },
    'GET /nodes/{node}/qemu/{vmid}/firewall/ipset': {
      name: 'ipset_index',
      allow: { check: ['perm', '/vms/{vmid}', ['VM.Audit']] },
    },
    'POST /nodes/{node}/qemu/{vmid}/firewall/ipset': {
      name: 'create_ipset',
      allow: { check: ['perm', '/vms/{vmid}', ['VM.Config.Network']] },
      flags: 'protected',
      takes: 'comment? digest? name rename?',
    },
    'DELETE /nodes/{node}/qemu/{vmid}/firewall/ipset/{name}': {
      name: 'delete_ipset',
      allow: { check: ['perm', '/vms/{vmid}', ['VM.Config.Network']] },
      flags: 'protected',
      takes: 'force?',
    },
    'GET /nodes/{node}/qemu/{vmid}/firewall/ipset/{name}': {
      name: 'get_ipset',
      allow: { check: ['perm', '/vms/{vmid}', ['VM.Audit']] },
    },
    'POST /nodes/{node}/qemu/{vmid}/firewall/ipset/{name}': {
      name: 'create_ip',
      allow: { check: ['perm', '/vms/{vmid}', ['VM.Config.Network']] },
      flags: 'protected',
      takes: 'cidr comment? nomatch?',
    },
    'DELETE /nodes/{node}/qemu/{vmid}/firewall/ipset/{name}/{cidr}': {
      name: 'remove_ip',
      allow: { check: ['perm', '/vms/{vmid}', ['VM.Config.Network']] },
      flags: 'protected',
      takes: 'digest?',
    },
    'GET /nodes/{node}/qemu/{vmid}/firewall/ipset/{name}/{cidr}': {
      name: 'read_ip',
      allow: { check: ['perm', '/vms/{vmid}', ['VM.Audit']] },
      flags: 'protected',
    },
    'PUT /nodes/{node}/qemu/{vmid}/firewall/ipset/{name}/{cidr}': {
      name: 'update_ip',
      allow: { check: ['perm', '/vms/{vmid}', ['VM.Config.Network']] },
      flags: 'protected',
      takes: 'comment? digest? nomatch?',
    },
    'GET /nodes/{node}/qemu/{vmid}/firewall/log': {
      name: 'log',
      allow: { check: ['perm', '/vms/{vmid}', ['VM.Console']] },
      flags: 'protected proxied',
      takes: 'limit? since? start? until?',
    },
    'GET /nodes/{node}/qemu/{vmid}/firewall/options': {
      name: 'get_options',
      allow: { check: ['perm', '/vms/{vmid}', ['VM.Audit']] },
      flags: 'proxied',
    },
    'PUT /nodes/{node}/qemu/{vmid}/firewall/options': {
      name: 'set_options',
      allow: { check: ['perm', '/vms/{vmid}', ['VM.Config.Network']] },
      flags: 'protected proxied',
      takes: `
        delete? dhcp? digest? enable? ipfilter? log_level_in? log_level_out? macfilter? ndp? policy_in?
        policy_out? radv?`,
      but: { enable: 'boolean' },
    },
    'GET /nodes/{node}/qemu/{vmid}/firewall/refs': {
      name: 'refs',
      allow: { check: ['perm', '/vms/{vmid}', ['VM.Audit']] },
      takes: 'type?',
      but: { type: 'string in alias|ipset' },
    },
    'GET /nodes/{node}/qemu/{vmid}/firewall/rules': {
      name: 'get_rules',
      allow: { check: ['perm', '/vms/{vmid}', ['VM.Audit']] },
    },
    'POST /nodes/{node}/qemu/{vmid}/firewall/rules': {
      name: 'create_rule',
      allow: { check: ['perm', '/vms/{vmid}', ['VM.Config.Network']] },
      flags: 'protected',
      takes: `
        action comment? dest? digest? dport? enable? icmp-type? iface? log? macro? pos? proto? source? sport?
        type`,
    },
    'DELETE /nodes/{node}/qemu/{vmid}/firewall/rules/{pos}': {
      name: 'delete_rule',
      allow: { check: ['perm', '/vms/{vmid}', ['VM.Config.Network']] },
      flags: 'protected',
      takes: 'digest?',
    },
    'GET /nodes/{node}/qemu/{vmid}/firewall/rules/{pos}': {
      name: 'get_rule',
      allow: { check: ['perm', '/vms/{vmid}', ['VM.Audit']] },
    },
    'PUT /nodes/{node}/qemu/{vmid}/firewall/rules/{pos}': {
      name: 'update_rule',
      allow: { check: ['perm', '/vms/{vmid}', ['VM.Config.Network']] },
      flags: 'protected',
      takes: `
        action? comment? delete? dest? digest? dport? enable? icmp-type? iface? log? macro? moveto? proto?
        source? sport? type?`,
    },
  },
};
