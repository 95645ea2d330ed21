import type { ProxmoxCluster, VirtualMachine } from '#api/kinds.ts';
import type { Store } from '#kube/store.ts';
import { alarmTypes } from '../core/cluster-status.ts';
import type { Finding } from '../core/decision.ts';
import { type Destroy, recent, refuseDestroy, unaccounted } from '../core/destroy-brake.ts';

/** The annotation that lets the brake go: a time after the brake took hold. */
export const releaseAnnotation = 'berth.dev/release-destroy-brake';

/**
 * The brake on destroys of one Proxmox cluster. Once it holds it does so until an administrator lets it go, also across
 * operators: the cluster's status remembers.
 */
export class DestroyBrake {
  readonly #machines: () => number;
  readonly #now: () => number;
  readonly #onHold: () => void;
  #destroys: Destroy[] = [];
  #holding: Finding | undefined;

  /** `machines` is how many resources have a machine there; `onHold` is told when the brake takes hold. */
  constructor(machines: () => number, now: () => number, onHold: () => void) {
    this.#machines = machines;
    this.#now = now;
    this.#onHold = onHold;
  }

  /** Why nothing but what people have deleted is destroyed; undefined while all is well. */
  get holding(): Finding | undefined {
    return this.#holding;
  }

  /** Asks for leave to destroy a machine, on behalf of a deleted resource if there is one. Answers why not. */
  ask(vmid: number, uid?: string): Finding | undefined {
    const now = this.#now();
    const before = recent(this.#destroys, now);
    const next = { vmid, at: now, ...(uid !== undefined && { uid }) };
    if (unaccounted([...before, next]).has(vmid)) {
      const refused = this.#holding ?? refuseDestroy(before, next, this.#machines());
      if (refused && !this.#holding) {
        this.#holding = refused;
        this.#onHold();
      }
      if (refused) return refused;
    }
    this.#destroys = [...before, next];
    return undefined;
  }

  /** Takes over what the cluster's status and annotations say: a brake that holds, or one that was let go. */
  follow({ metadata, status }: ProxmoxCluster): void {
    const told = status?.conditions?.find(({ type, status }) => type === alarmTypes.brake && status === 'True');
    const released = Date.parse(metadata.annotations?.[releaseAnnotation] ?? '');
    if (!told) return;
    if (released > Date.parse(told.lastTransitionTime)) {
      this.#holding = undefined;
      this.#destroys = [];
    } else this.#holding ??= { reason: told.reason, message: told.message };
  }
}

/** One brake for each ProxmoxCluster, made when it is first needed. `onHold` is told which one takes hold. */
export function createBrakes(
  machines: Store<VirtualMachine>,
  now: () => number,
  onHold: (cluster: string) => void,
): (cluster: string) => DestroyBrake {
  const made = new Map<string, DestroyBrake>();
  return cluster => {
    const count = () =>
      machines.list().filter(({ status }) => status?.cluster === cluster && status.vmid !== undefined).length;
    const brake = made.get(cluster) ?? new DestroyBrake(count, now, () => onHold(cluster));
    made.set(cluster, brake);
    return brake;
  };
}
