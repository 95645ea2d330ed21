import type { ProxmoxCluster } from '#api/kinds.ts';
import { sleep } from '#kube/clock.ts';
import type { Requests } from '#kube/headers.ts';
import type { Store } from '#kube/store.ts';
import { type Health, healthOf } from '#portal/api.ts';

const checkMs = 5_000;
const answerMs = 4_000;

/** Whether Kubernetes and the Proxmox clusters are in reach. */
export interface HealthWatch {
  readonly now: Health;
  /** Looks whether the clusters' resources tell something new. */
  look(): void;
  /** Asks the API server again and again until the signal aborts. */
  run(signal: AbortSignal): Promise<void>;
}

/** Watches over both; `onChange` is told of each difference. */
export function watchHealth(
  own: Requests,
  clusters: Store<ProxmoxCluster>,
  onChange: (health: Health) => void,
): HealthWatch {
  let kubernetes: Health['kubernetes'] = { ok: true };
  let told = '';

  const current = (): Health => ({
    kubernetes,
    clusters: clusters
      .list()
      .map(healthOf)
      .sort((a, b) => (a.name < b.name ? -1 : 1)),
  });

  function look(): void {
    const health = current();
    const text = JSON.stringify(health);
    if (text === told) return;
    told = text;
    onChange(health);
  }

  return {
    get now() {
      return current();
    },
    look,
    async run(signal) {
      while (!signal.aborted) {
        try {
          await own.request({ method: 'GET', path: '/version', timeoutMs: answerMs, signal });
          kubernetes = { ok: true };
        } catch {
          if (signal.aborted) return;
          kubernetes = { ok: false, message: 'Kubernetes does not answer.' };
        }
        look();
        await sleep(checkMs, signal);
      }
    },
  };
}
