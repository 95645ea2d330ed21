import type { Story } from './life.ts';

/** A mistake that comparable operators have made, as edits of our sources. */
export interface Mistake {
  name: string;
  /** The story that shows it. Default: that of a clone. */
  story?: Story;
  edits: { file: string; find: string; replace: string }[];
}

const machines = 'operator/controllers/virtual-machines.ts';

/** Each of these must be found by the fault plans, or the plans prove nothing. */
export const mistakes: Mistake[] = [
  {
    name: 'a machine is found by its name',
    edits: [
      {
        file: 'operator/effects/actions.ts',
        find: 'claimOf(action.cluster, answer)',
        replace:
          '((named) => named ? { cluster: action.cluster, vmid: named.vmid, node: named.node } : claimOf(action.cluster, answer))(tools.link?.inventory.latest?.vms.find(one => one.name === name))',
      },
      {
        file: 'operator/core/marker.ts',
        find: "if (carries(config.description, marker)) return 'ours';",
        replace: "if (config.name === marker.name) return 'ours';",
      },
    ],
  },
  {
    name: 'the VMID is not stored before the clone',
    edits: [
      {
        file: 'operator/effects/actions.ts',
        find: 'return isClaim(answer) ?',
        replace:
          "if (isClaim(answer)) await tools.link?.client.clone('n1', 900, { newid: answer.vmid, name, full: true, description: ['berth: k8s/' + namespace + '/' + name, 'uid=' + uid, 'vmid=' + answer.vmid].join(' ') });\n      return isClaim(answer) ?",
      },
      {
        file: 'operator/effects/allocator.ts',
        find: 'if (!isDeepStrictEqual(before, after)) {',
        replace: 'if (before === undefined) {',
      },
    ],
  },
  {
    name: 'an error is taken for not found',
    edits: [
      {
        file: 'operator/effects/looks.ts',
        find: "if (!(error instanceof ProxmoxError) || error.kind !== 'missing') throw error;",
        replace: 'if (!(error instanceof ProxmoxError)) throw error;',
      },
      {
        file: 'operator/core/steps/removal.ts',
        find: "if (o.absence === undefined) return lookAt('absence');\n  if (o.absence.proven) return removeFinalizer;",
        replace: 'if (vmid) return removeFinalizer;',
      },
    ],
  },
  {
    name: 'the finalizer is dropped on an error',
    edits: [
      {
        file: machines,
        find: 'memory.forgetConfig(uid);\n    return',
        replace:
          "if (observed.vm.metadata.deletionTimestamp) await carryOut(observed.vm, key, { kind: 'removeFinalizer' }, { kube: parts.kube, link, allocator: parts.allocator, quotas: parts.gate, signal });\n    return",
      },
    ],
  },
  {
    name: 'the marker is not read again',
    edits: [
      {
        file: 'operator/core/marker.ts',
        find: "if (carries(config.description, marker)) return 'ours';",
        replace: "if (config.digest) return 'ours';",
      },
    ],
  },
  {
    name: 'a machine is complete without its pool',
    edits: [
      {
        file: 'operator/core/steps/pool.ts',
        find: 'if (o.inPool) return undefined;',
        replace: 'if (o.pool) return undefined;',
      },
    ],
  },
  {
    name: 'a task is forgotten',
    edits: [
      {
        file: 'operator/core/steps/task.ts',
        find: "if (!vm.status?.task || task.state !== 'running') return undefined;",
        replace: "if (vm.metadata.name || task.state !== 'running') return undefined;",
      },
    ],
  },
  {
    name: 'the inventory is trusted for the power state',
    edits: [
      {
        file: 'operator/effects/looks.ts',
        find: 'o.power = powerOf(status);',
        replace: "o.power = o.inventory?.line?.status === 'running' && node ? 'Running' : 'Stopped';",
      },
    ],
  },
  {
    name: 'a clone whose answer was lost is tried under a new VMID',
    edits: [
      {
        file: 'operator/core/report.ts',
        find: 'const facts = observedFacts(o, decision, result);',
        replace:
          "const facts = observedFacts(o, decision, result);\n  if (decision.finding?.reason === 'ProxmoxUnavailable' && decision.action?.kind === 'clone') facts.vmid = (o.vm.status?.vmid ?? 0) + 1;",
      },
    ],
  },
  {
    name: 'a VMID changes without the old one being abandoned',
    edits: [
      {
        file: 'operator/effects/allocator.ts',
        find: 'abandon ? [{ ...abandon, since, uid }] : []',
        replace: 'abandon && !since ? [{ ...abandon, since, uid }] : []',
      },
    ],
  },
  {
    name: 'a configuration is written without its digest',
    edits: [
      {
        file: 'proxmox/vms.ts',
        find: "delete: deleted.length > 0 ? deleted.join(',') : undefined, digest }",
        replace: "delete: deleted.length > 0 ? deleted.join(',') : undefined }",
      },
    ],
  },
  {
    name: 'an operation is told before it is noted',
    story: 'kept',
    edits: [
      {
        file: 'operator/effects/operations.ts',
        find: 'await writeOperation(kube, operation, begun(operation, what, now))',
        replace: 'operation',
      },
    ],
  },
  {
    name: 'the task of an operation that was begun is not looked for',
    story: 'kept',
    edits: [
      {
        file: 'operator/core/steps/operate.ts',
        find: 'if (operation.status?.startedAt !== undefined) {',
        replace: 'if (operation.status?.upid !== undefined) {',
      },
    ],
  },
  {
    name: 'a machine that is to be retained is destroyed',
    story: 'kept',
    edits: [
      {
        file: 'operator/core/steps/removal.ts',
        find: "if (vm.spec.deletionPolicy === 'Retain')",
        replace: "if (vm.spec.deletionPolicy === 'Retain' && !vm.spec.source.adopt)",
      },
    ],
  },
  {
    name: 'a machine waits for its guest',
    story: 'kept',
    edits: [
      {
        file: machines,
        find: 'inquire(memory, observed, link, { wake: () => parts.wake(key), log });\n',
        replace:
          'await new Promise<void>(resolve => inquire(memory, observed, link, { wake: () => { parts.wake(key); resolve(); }, log }));\n',
      },
    ],
  },
  {
    name: 'the task of an earlier operation is taken for that of a later one',
    story: 'snapshots',
    edits: [
      {
        file: 'operator/effects/looks.ts',
        find: 'upid !== afterUpid && startedAtSeconds >= after',
        replace: 'startedAtSeconds > 0',
      },
    ],
  },
  {
    name: 'what a rollback has changed is taken for the doing of somebody else',
    story: 'snapshots',
    edits: [
      {
        file: 'operator/core/steps/operate.ts',
        find: "Rollback: ['PowerSynced', 'ConfigSynced'],",
        replace: "Rollback: ['PowerSynced'],",
      },
    ],
  },
  {
    name: 'a snapshot is found by the name of its resource',
    story: 'snapshots',
    edits: [
      {
        file: 'operator/core/snapshot.ts',
        find: "(metadata.uid ?? '').replaceAll('-', '')",
        replace: 'metadata.name',
      },
    ],
  },
  {
    name: 'a snapshot has another name each time that it is looked for',
    story: 'snapshots',
    edits: [
      {
        file: 'operator/core/snapshot.ts',
        find: "(metadata.uid ?? '').replaceAll('-', '')",
        replace: 'metadata.resourceVersion',
      },
    ],
  },
  {
    name: 'an image is put into the drive of cloud-init',
    story: 'drives',
    edits: [
      {
        file: 'operator/core/drives.ts',
        find: 'const drive = config.cdroms.find(({ cloudInit }) => !cloudInit);',
        replace: 'const drive = config.cdroms[0];',
      },
    ],
  },
  {
    name: 'a machine is restarted for what waits for its restart',
    story: 'drives',
    edits: [
      {
        file: 'operator/core/steps/power.ts',
        find: 'if (isAsWanted(vm.spec.powerState, current)) return undefined;',
        replace:
          "if (vm.status?.restartRequiredFor && current === 'Running') return stop(o, { node: config.node, vmid });\n  if (isAsWanted(vm.spec.powerState, current)) return undefined;",
      },
    ],
  },
];
