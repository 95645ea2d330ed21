import type { Release } from './parameter.ts';

const IN_BOTH = [
  'Datastore.Allocate Datastore.AllocateSpace Datastore.AllocateTemplate Datastore.Audit Group.Allocate',
  'Mapping.Audit Mapping.Modify Mapping.Use Permissions.Modify Pool.Allocate Pool.Audit Realm.Allocate',
  'Realm.AllocateUser SDN.Allocate SDN.Audit SDN.Use Sys.AccessNetwork Sys.Audit Sys.Console Sys.Incoming Sys.Modify',
  'Sys.PowerMgmt Sys.Syslog User.Modify VM.Allocate VM.Audit VM.Backup VM.Clone VM.Config.CDROM VM.Config.CPU',
  'VM.Config.Cloudinit VM.Config.Disk VM.Config.HWType VM.Config.Memory VM.Config.Network VM.Config.Options',
  'VM.Console VM.Migrate VM.PowerMgmt VM.Snapshot VM.Snapshot.Rollback',
];

const ONLY_IN: Record<Release, string[]> = {
  '8.4': ['VM.Monitor'],
  '9.2': [
    'VM.GuestAgent.Audit VM.GuestAgent.FileRead VM.GuestAgent.FileSystemMgmt VM.GuestAgent.FileWrite',
    'VM.GuestAgent.Unrestricted VM.Replicate',
  ],
};

/** Every privilege that a role can hold, sorted. */
export function privileges(release: Release): string[] {
  return [...IN_BOTH, ...ONLY_IN[release]].flatMap(line => line.split(' ')).sort();
}
