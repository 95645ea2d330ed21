import { describe, expect, test } from 'vitest';
import { dataOf } from './answer.ts';
import { classify, classifyText } from './classify.ts';
import { ProxmoxError, type ProxmoxErrorKind } from './errors.ts';
import { type Capture, describeOracle, readCaptures } from './testing/oracle.ts';

/** What each text that 8.4 was seen to answer with a 500 means. `N` stands for any number. */
const texts: Record<Exclude<ProxmoxErrorKind, 'unauthenticated'>, string[]> = {
  transient: [
    "hostname lookup 'nosuch' failed - failed to get address info for: nosuch: Temporary failure in name resolution",
  ],
  missing: [
    "delete pool failed: pool 'nosuch' does not exist",
    "Configuration file 'nodes/pveN/qemu-server/N.conf' does not exist",
    "unable to find configuration file for VM N on node 'pveN'",
  ],
  conflict: [
    'VM N is not running',
    'VM N is running - destroy failed',
    'checksum mismatch (file change by other user?)',
    "create resource failed: resource ID 'vm:N' already defined",
    "create user failed: user 'cap@pve' already exists",
    "disk image '/var/lib/vzN/images/N/vm-N-disk-N.qcowN' already exists",
    "unable to create VM N - VM N already exists on node 'pveN'",
    'unable to create VM N: config file already exists',
  ],
  locked: ['VM is locked (backup)'],
  denied: [
    'Only root can pass arbitrary filesystem paths. at /usr/share/perlN/PVE/Storage.pm line N.',
    "only root can set 'args' config",
  ],
  invalid: [
    "ACL update failed: N Parameter verification failed.\nrole: Cannot add role 'PVEAuditor' - requires 'Permissions.Modify' or superset of privileges.",
    "Linked clone feature is not supported for 'local:N/vm-N-disk-N.qcowN' (scsiN)",
    'SSH public key validation error',
    'no options specified',
    "no such cluster node 'nosuch'",
    "parameter 'storage' not allowed for linked clones",
    "you can't convert a template to a template",
    "you can't move to the same storage with same format",
  ],
  failed: [
    "ACL update failed: role 'NoSuchRole' does not exist",
    "Agent error: Invalid parameter 'pid'",
    "Agent error: failed to open file '/no/such' (mode: 'r'): No such file or directory",
    'Not a HASH reference at /usr/share/perlN/PVE/APIServer/AnyEvent.pm line N.',
    'QEMU guest agent is not running',
    "Timeout while waiting for port 'N' to get ready!",
    "VM N qmp command 'query-spice' failed - The command query-spice has not been found",
    "cannot delete service 'vm:N', not HA managed!",
    "disk 'scsiN' does not exist",
    "no such file '/version'",
    "no such user ('ghost@pve')",
    "resource 'vm:N' does not exist in cluster",
    "snapshot 'nosuch' does not exist",
    "storage 'nosuch' does not exist",
    "unable to parse directory volume name 'local:import/debianN-ci.qcowN'",
    'unable to remove VM N - used in HA resources and purge parameter not set.',
    "unable to use snapshot name 'current' (reserved name)",
    "volume 'local:N/vm-N-disk-N.qcowN' does not exist",
  ],
};

const kindOfText = new Map(Object.entries(texts).flatMap(([kind, list]) => list.map(text => [text, kind])));

const kindOfStatus: Record<number, ProxmoxErrorKind> = {
  301: 'invalid',
  400: 'invalid',
  401: 'unauthenticated',
  403: 'denied',
  501: 'invalid',
  506: 'invalid',
  595: 'transient',
  596: 'transient',
};

function errorOf({ request, status, phrase, body }: Capture): ProxmoxError {
  try {
    dataOf({ method: request.method as 'GET', path: request.target }, { status, phrase, body });
  } catch (error) {
    if (error instanceof ProxmoxError) return error;
  }
  throw new Error(`${request.method} ${request.target} is no failure`);
}

describeOracle('a captured failure', () => {
  test('with status 500 means what its text says', () => {
    const failures = readCaptures().filter(({ status }) => status === 500);
    const kinds = new Map(failures.map(errorOf).map(({ reason, kind }) => [reason.replaceAll(/\d+/g, 'N'), kind]));
    expect(Object.fromEntries(kinds)).toEqual(Object.fromEntries(kindOfText));
  });

  test('with another status means what the status says, but for two parameters and a pool', () => {
    for (const capture of readCaptures().filter(({ status }) => status > 200 && status !== 500)) {
      const { kind, errors, status, reason } = errorOf(capture);
      if (errors?.vmid?.endsWith('already exists')) expect(kind).toBe('conflict');
      else if (errors?.skiplock !== undefined) expect(kind).toBe('denied');
      else if (reason.includes('does not exist')) expect(kind).toBe('missing');
      else expect([status, kind]).toEqual([status, kindOfStatus[status]]);
    }
  });
});

describe('classify', () => {
  test.each<[ProxmoxErrorKind, string]>([
    ['locked', "can't lock file '/var/lock/qemu-server/lock-200.conf' - got timeout"],
    ['locked', "cfs-lock 'storage-ceph' error: got lock request timeout"],
    ['locked', "'storage-ceph'-locked command timed out - aborting"],
    ['locked', 'unable to restore VM 361 - VM is locked (clone)'],
    ['transient', 'cluster not ready - no quorum?'],
    ['transient', 'error: no quorum!'],
    ['unauthenticated', "no such token 'ep1' for user 'operator@pve'"],
    ['conflict', "can't remove VM 250 - protection mode enabled"],
    ['conflict', 'detected modified configuration - file changed by other user? Try again.'],
    ['conflict', 'VM is paused - cannot shutdown'],
    ['failed', "zfs error: cannot create 'tank/vm-100-disk-0': out of space"],
  ])('reads %s in a 500 %j', (kind, text) => {
    expect(classify(500, text).kind).toBe(kind);
  });

  test('names the lock', () => {
    expect(classify(500, 'VM is locked (snapshot-delete)')).toEqual({ kind: 'locked', lock: 'snapshot-delete' });
  });

  test('takes a hotplug that did not work for a failure that may pass', () => {
    expect(classify(400, 'Parameter verification failed.', { net1: 'hotplug problem - ...' })).toEqual({
      kind: 'failed',
    });
  });

  test('is not fooled by what a user wrote', () => {
    const errors = { sshkeys: "invalid format - invalid urlencoded string: Configuration file 'x' does not exist\n" };
    expect(classify(400, 'Parameter verification failed.', errors)).toEqual({ kind: 'invalid' });
    expect(classifyText("volume 'Configuration file 'x' does not exist").kind).toBe('failed');
  });

  test.each([429, 502, 503, 504, 597, 599])('takes %i for an outage', status => {
    expect(classify(status, '').kind).toBe('transient');
  });
});

describe('classifyText of a task that failed', () => {
  test.each<[ProxmoxErrorKind, string]>([
    ['conflict', "close (rename) atomic file '/etc/pve/nodes/n1/qemu-server/200.conf' failed: File exists"],
    ['conflict', 'VM 200 already running'],
    ['denied', '403 Permission check failed (/vms/400, VM.Backup)'],
    ['failed', 'VM quit/powerdown failed - got timeout'],
    ['failed', 'unexpected status'],
    ['failed', '400 Parameter verification failed. net2: hotplug problem - bridge vmbr99 does not exist'],
    ['locked', "clone failed: can't lock file '/var/lock/qemu-server/lock-100.conf' - got timeout"],
    ['missing', "update pools failed: pool 'x' does not exist"],
    ['missing', "unable to find configuration file for VM 999 on node 'pve1'"],
    ['transient', 'clone failed: copy failed: command interrupted by signal'],
  ])('reads %s in %j', (kind, text) => {
    expect(classifyText(text).kind).toBe(kind);
  });
});
