import type { Release } from '#simulator/schema/routes.ts';

/** Who gets the privileges of a category: `PVE<Category>Admin`, `…User` and `PVEAuditor` are made of these parts. */
interface Category {
  /** In no role but Administrator. */
  root?: string[];
  admin?: string[];
  user?: string[];
  audit?: string[];
}

const VM: Category = {
  admin: [
    'VM.Allocate',
    'VM.Clone',
    'VM.Config.CPU',
    'VM.Config.Disk',
    'VM.Config.HWType',
    'VM.Config.Memory',
    'VM.Config.Network',
    'VM.Config.Options',
    'VM.Migrate',
    'VM.Snapshot',
    'VM.Snapshot.Rollback',
  ],
  user: ['VM.Backup', 'VM.Config.CDROM', 'VM.Config.Cloudinit', 'VM.Console', 'VM.PowerMgmt'],
  audit: ['VM.Audit'],
};

/** VM.Monitor became five privileges in 9.0; VM.Replicate came with them. */
const VM_BY_RELEASE: Record<Release, Category> = {
  '8.4': { admin: ['VM.Monitor'] },
  '9.2': {
    admin: ['VM.GuestAgent.Unrestricted', 'VM.Replicate'],
    user: ['VM.GuestAgent.FileRead', 'VM.GuestAgent.FileSystemMgmt', 'VM.GuestAgent.FileWrite'],
    audit: ['VM.GuestAgent.Audit'],
  },
};

const OTHERS: Record<string, Category> = {
  Sys: {
    root: ['Sys.AccessNetwork', 'Sys.Incoming', 'Sys.Modify', 'Sys.PowerMgmt'],
    admin: ['Sys.Console', 'Sys.Syslog'],
    audit: ['Sys.Audit'],
  },
  Datastore: {
    admin: ['Datastore.Allocate', 'Datastore.AllocateTemplate'],
    user: ['Datastore.AllocateSpace'],
    audit: ['Datastore.Audit'],
  },
  SDN: { admin: ['SDN.Allocate', 'SDN.Audit'], user: ['SDN.Use'], audit: ['SDN.Audit'] },
  User: { root: ['Realm.Allocate'], admin: ['Group.Allocate', 'Realm.AllocateUser', 'User.Modify'] },
  Pool: { admin: ['Pool.Allocate'], user: ['Pool.Audit'], audit: ['Pool.Audit'] },
  Mapping: { admin: ['Mapping.Modify'], user: ['Mapping.Use'], audit: ['Mapping.Audit'] },
};

/** The privileges of each built-in role [PVE::AccessControl::create_roles]. */
export function builtInRoles(release: Release): Record<string, ReadonlySet<string>> {
  const vm = [VM, VM_BY_RELEASE[release]];
  const categories = Object.entries({ VM: merge(vm), ...OTHERS });
  const roles: Record<string, Set<string>> = {
    NoAccess: new Set(),
    Administrator: new Set(['Permissions.Modify']),
    PVEAdmin: new Set(),
    PVEAuditor: new Set(),
    PVETemplateUser: new Set(['VM.Audit', 'VM.Clone']),
  };
  const add = (role: string, privileges: string[]) => {
    roles[role] = (roles[role] ?? new Set()).union(new Set(privileges));
  };
  for (const [name, { root = [], admin = [], user = [], audit = [] }] of categories) {
    add('Administrator', [...root, ...admin, ...user, ...audit]);
    add('PVEAdmin', [...admin, ...user, ...audit]);
    add(`PVE${name}Admin`, [...admin, ...user, ...audit]);
    if (user.length > 0) add(`PVE${name}User`, [...user, ...audit]);
    add('PVEAuditor', audit);
  }
  roles.PVEAdmin?.delete('Mapping.Modify');
  return roles;
}

function merge(categories: Category[]): Required<Category> {
  const all = (part: keyof Category) => categories.flatMap(category => category[part] ?? []);
  return { root: all('root'), admin: all('admin'), user: all('user'), audit: all('audit') };
}
