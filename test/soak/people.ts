import { setTimeout as sleep } from 'node:timers/promises';
import { type VirtualMachine, virtualMachines } from '#api/kinds.ts';
import type { KubeClient } from '#kube/client.ts';
import { isAlreadyExists, isNotFound } from '#kube/errors.ts';
import type { Random } from '#operator/core/quota/testing/random.ts';

/** What people did. */
export interface Deeds {
  created: number;
  changed: number;
  deleted: number;
}

/** People who make, change and delete machines without end. */
export interface People {
  deeds: Deeds;
  /** Lets them go home; resolves when the last one has finished. */
  stop: () => Promise<void>;
}

/** Between two deeds: in the life of a machine, which takes seconds, something is always going on elsewhere. */
const pauseMs = 250;

const rootGiB = { smallest: 3, largest: 9 };

/** Sets people to work on `count` machines of a namespace. What they do depends on `random` and on what is there. */
export function letPeopleWork(kube: KubeClient, namespace: string, count: number, random: Random): People {
  const deeds: Deeds = { created: 0, changed: 0, deleted: 0 };
  const specs = new Map<string, VirtualMachine['spec']>();
  let isOver = false;

  async function work(): Promise<void> {
    while (!isOver) {
      const name = `vm-${random.integer(count)}`;
      try {
        await deed(name);
      } catch (error) {
        // One that is being deleted still has its name, until it is gone in the middle of a change.
        if (!isAlreadyExists(error) && !isNotFound(error)) throw error;
      }
      await sleep(pauseMs);
    }
  }

  async function deed(name: string): Promise<void> {
    const spec = specs.get(name);
    if (!spec) {
      const fresh = newSpec();
      await kube.create<VirtualMachine>(virtualMachines, { metadata: { name, namespace }, spec: fresh });
      specs.set(name, fresh);
      deeds.created += 1;
    } else if (random.integer(3) === 0) {
      specs.delete(name);
      await kube.remove(virtualMachines, { name, namespace });
      deeds.deleted += 1;
    } else {
      const change = changeOf(spec, random);
      await kube.patch(virtualMachines, { name, namespace }, { spec: change });
      specs.set(name, { ...spec, ...change });
      deeds.changed += 1;
    }
  }

  const working = work();
  // Told by `stop`; until then a failure only ends the work.
  working.catch(() => {});
  return {
    deeds,
    stop: () => {
      isOver = true;
      return working;
    },
  };
}

const newSpec = (): VirtualMachine['spec'] => ({
  source: { template: { name: 'debian-12' } },
  resources: { cpu: 1, memory: '512Mi' },
  disks: [{ name: 'root', size: `${rootGiB.smallest}Gi` }],
  powerState: 'Running',
  shutdown: { mode: 'Hard' },
  deletionPolicy: 'Delete',
});

function changeOf(spec: VirtualMachine['spec'], random: Random): Partial<VirtualMachine['spec']> {
  switch (random.integer(4)) {
    case 0:
      return { description: `Note ${random.integer(1_000)}.` };
    case 1:
      return { tags: [['web'], ['db'], ['db', 'web']][random.integer(3)] };
    case 2:
      return { powerState: spec.powerState === 'Running' ? 'Stopped' : 'Running' };
    default: {
      const size = Number.parseInt(spec.disks[0]?.size ?? '', 10);
      return { disks: [{ name: 'root', size: `${Math.min(size + 1, rootGiB.largest)}Gi` }] };
    }
  }
}
