import type { ProxmoxCluster, VirtualMachine, VmOperation, VmQuota, VmSnapshot, VmTemplate } from '#api/kinds.ts';
import type { Requests } from '#kube/headers.ts';
import type { KubeObject } from '#kube/resource.ts';
import type { Store } from '#kube/store.ts';
import type { Logger } from '#kube/telemetry.ts';
import type { VersionInfo } from '#portal/api.ts';
import type { Acting } from './access/person.ts';
import type { Reviews } from './access/reviews.ts';
import type { Viewers } from './access/viewers.ts';
import type { RateLimits } from './http/rate-limits.ts';
import type { KubeconfigSettings } from './kubeconfig.ts';
import type { HealthWatch } from './live/health.ts';
import type { Hub } from './live/hub.ts';
import type { Streams } from './live/streams.ts';
import type { Texts } from './live/texts.ts';
import type { MetricsSource } from './metrics-source.ts';
import type { Sealer } from './session/seal.ts';
import type { Sessions } from './session/sessions.ts';
import type { ClaimNames } from './sign-in/identity.ts';
import type { Issuer } from './sign-in/issuer.ts';

/** The resources as the API server last told of them. */
export interface Stores {
  /** Indexed by `namespace`. */
  machines: Store<VirtualMachine>;
  /** Indexed by `namespace`. */
  quotas: Store<VmQuota>;
  /** Indexed by `machine`, as `namespace/name`. */
  operations: Store<VmOperation>;
  /** Indexed by `machine`, as `namespace/name`. */
  snapshots: Store<VmSnapshot>;
  clusters: Store<ProxmoxCluster>;
  templates: Store<VmTemplate>;
  /** Namespaces that are tenants. */
  tenants: Store<KubeObject>;
}

/** What the routes work with. */
export interface Parts {
  version: VersionInfo;
  /** Where browsers find the portal, without a path. */
  publicOrigin: string;
  consoleOrigin?: string;
  /** Folder of the built pages. */
  pages: string;
  /** How many proxies of ours stand before the portal. */
  trustedHops: number;
  rateLimits: RateLimits;
  log: Logger;
  now: () => number;
  acting: Acting;
  claims: ClaimNames;
  /** Whether sessions keep the person's ID token. */
  keepsToken: boolean;
  issuer: Issuer;
  sealer: Sealer;
  sessions: Sessions;
  /** Requests with the portal's own rights. */
  own: Requests;
  stores: Stores;
  reviews: Reviews;
  viewers: Viewers;
  texts: Texts;
  hub: Hub;
  streams: Streams;
  health: HealthWatch;
  /** Absent where the operator's figures are not served. */
  metrics?: MetricsSource;
  /** Absent where people get no kubeconfig. */
  kubeconfig?: KubeconfigSettings;
}
