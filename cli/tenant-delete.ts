import { setTimeout as sleep } from 'node:timers/promises';
import { type VirtualMachine, virtualMachines } from '#api/kinds.ts';
import { toMiB } from '#api/quantity.ts';
import { namespaces } from '#kube/builtin.ts';
import type { KubeClient } from '#kube/client.ts';
import { isNotFound } from '#kube/errors.ts';
import type { KubeObject } from '#kube/resource.ts';

/** How a tenant's end is asked for and told of. */
export interface DeleteTalk {
  /** Asks a question of the person; answers what was typed. */
  ask: (question: string) => Promise<string>;
  tell: (line: string) => void;
}

const tenantLabel = 'berth.dev/tenant';

/** What goes with a tenant, in a line. */
function inventoryOf(name: string, machines: VirtualMachine[]): string {
  const kept = machines.filter(({ spec }) => spec.deletionPolicy === 'Retain');
  const gone = machines.filter(vm => !kept.includes(vm));
  const diskMiB = gone.flatMap(({ spec }) => spec.disks).reduce((sum, { size }) => sum + toMiB(size), 0);
  const stays = kept.length > 0 ? ` ${kept.length} stay in Proxmox (deletionPolicy Retain).` : '';
  return `Tenant ${name}: ${gone.length} machines with ${Math.round(diskMiB / 1024)} GiB of disks are destroyed.${stays}`;
}

/**
 * Deletes a tenant with everything in it, once its name was typed, and waits until it is gone. Rejects with a sentence
 * where there is no such tenant, or another name was typed.
 */
export async function deleteTenant(kube: KubeClient, name: string, { ask, tell }: DeleteTalk): Promise<void> {
  const namespace = await readNamespace(kube, name);
  if (!namespace) throw new Error(`There is no namespace "${name}".`);
  if (!namespace.metadata.labels?.[tenantLabel]) {
    throw new Error(`The namespace "${name}" is no tenant of Berth: it has no label ${tenantLabel}.`);
  }
  tell(inventoryOf(name, await machinesOf(kube, name)));
  const typed = await ask(`This cannot be undone. Type the name of the tenant to delete it: `);
  if (typed.trim() !== name) throw new Error(`"${typed.trim()}" is not its name; nothing was deleted.`);
  const { uid = '' } = namespace.metadata;
  await kube.remove(namespaces, { name }, { uid });
  await untilGone(kube, name, uid, tell);
  tell(`Tenant ${name} is gone.`);
}

async function untilGone(kube: KubeClient, name: string, uid: string, tell: DeleteTalk['tell']): Promise<void> {
  let told = '';
  while ((await readNamespace(kube, name))?.metadata.uid === uid) {
    const left = await machinesOf(kube, name);
    const [first] = left;
    const why = first?.status?.conditions?.find(({ type }) => type === 'Ready')?.message;
    const line = first
      ? `  ${left.length} machines are left; ${first.metadata.name}: ${why ?? 'waits for the operator'}`
      : '';
    if (line !== told && line !== '') tell(line);
    told = line;
    await sleep(500);
  }
}

const machinesOf = async (kube: KubeClient, namespace: string): Promise<VirtualMachine[]> =>
  (await kube.list<VirtualMachine>(virtualMachines, { namespace })).items;

async function readNamespace(kube: KubeClient, name: string): Promise<KubeObject | undefined> {
  try {
    return await kube.get<KubeObject>(namespaces, { name });
  } catch (error) {
    if (isNotFound(error)) return undefined;
    throw error;
  }
}
