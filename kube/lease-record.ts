import { randomUUID } from 'node:crypto';
import type { CallOptions, KubeClient } from './client.ts';
import type { Clock } from './clock.ts';
import { isNotFound } from './errors.ts';
import type { KubeObject, ObjectKey, ResourceType } from './resource.ts';

/** Where leases live. */
export const leases: ResourceType = {
  group: 'coordination.k8s.io',
  version: 'v1',
  plural: 'leases',
  kind: 'Lease',
  namespaced: true,
};

/** coordination.k8s.io/v1 Lease, as far as election uses it. */
export interface Lease extends KubeObject {
  spec?: {
    /** Empty or absent after a clean release. */
    holderIdentity?: string;
    leaseDurationSeconds?: number;
    acquireTime?: string;
    renewTime?: string;
    leaseTransitions?: number;
  };
}

/** Whether a try took the lease: `over` where the holder before did not release it. */
export type Taking = 'taken' | 'over' | 'held-by-other';

/** What {@link LeaseRecord} needs to know. */
export interface LeaseRecordOptions {
  client: KubeClient;
  key: ObjectKey;
  /** A random part is added, so that a restarted process is another one. */
  identity: string;
  durationMs: number;
  clock: Clock;
}

/** The Lease object as one candidate reads and writes it. Each write is a compare-and-swap; each rejects as the client does. */
export class LeaseRecord {
  readonly identity: string;
  readonly #client: KubeClient;
  readonly #key: ObjectKey;
  readonly #durationMs: number;
  readonly #clock: Clock;
  /** When the record was seen to change, by our own clock: the times that others write are never compared. */
  #changed: { resourceVersion: string | undefined; at: number } | undefined;

  constructor({ client, key, identity, durationMs, clock }: LeaseRecordOptions) {
    this.identity = `${identity}_${randomUUID()}`;
    this.#client = client;
    this.#key = key;
    this.#durationMs = durationMs;
    this.#clock = clock;
  }

  /** Takes the lease where it is free, or was not renewed for its duration. */
  async take(call: CallOptions): Promise<Taking> {
    const lease = await this.#read(call);
    if (!lease) {
      await this.#client.create<Lease>(leases, { metadata: this.#key, spec: this.#specFor(undefined) }, call);
      return 'taken';
    }
    const holder = lease.spec?.holderIdentity;
    // It is ours already where the answer to an earlier try was lost.
    const isFree = !holder || holder === this.identity;
    if (!isFree && !this.#hasExpired(lease)) return 'held-by-other';
    await this.#write(lease, this.#specFor(lease), call);
    return isFree ? 'taken' : 'over';
  }

  /** Renews the lease. Answers false where it is not ours any more. */
  async renew(call: CallOptions): Promise<boolean> {
    const lease = await this.#read(call);
    if (lease?.spec?.holderIdentity !== this.identity) return false;
    await this.#write(lease, { ...lease.spec, renewTime: this.#microTime() }, call);
    return true;
  }

  /** Frees the lease, if it is ours, so that the next one need not wait. */
  async giveBack(call: CallOptions): Promise<void> {
    const lease = await this.#read(call);
    if (lease?.spec?.holderIdentity !== this.identity) return;
    await this.#write(lease, { ...lease.spec, holderIdentity: '', leaseDurationSeconds: 1 }, call);
  }

  async #read(call: CallOptions): Promise<Lease | undefined> {
    try {
      return await this.#client.get<Lease>(leases, this.#key, call);
    } catch (error) {
      if (isNotFound(error)) return undefined;
      throw error;
    }
  }

  async #write(lease: Lease, spec: NonNullable<Lease['spec']>, call: CallOptions): Promise<void> {
    await this.#client.replace<Lease>(leases, { ...lease, spec }, call);
  }

  #hasExpired({ metadata: { resourceVersion }, spec }: Lease): boolean {
    const now = this.#clock.now();
    if (this.#changed?.resourceVersion !== resourceVersion) this.#changed = { resourceVersion, at: now };
    return now - (this.#changed?.at ?? now) > (spec?.leaseDurationSeconds ?? 0) * 1000;
  }

  #specFor(before: Lease | undefined): NonNullable<Lease['spec']> {
    const time = this.#microTime();
    return {
      holderIdentity: this.identity,
      leaseDurationSeconds: Math.ceil(this.#durationMs / 1000),
      acquireTime: time,
      renewTime: time,
      leaseTransitions: before ? (before.spec?.leaseTransitions ?? 0) + 1 : 0,
    };
  }

  /** metav1.MicroTime has six digits after the point. */
  #microTime(): string {
    return this.#clock.date().toISOString().replace('Z', '000Z');
  }
}
