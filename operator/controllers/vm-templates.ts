import { isDeepStrictEqual } from 'node:util';
import { type ProxmoxCluster, type VmTemplate, vmTemplates } from '#api/kinds.ts';
import type { KubeClient } from '#kube/client.ts';
import type { Outcome, ReconcileContext } from '#kube/controller.ts';
import type { Store } from '#kube/store.ts';
import { ProxmoxError } from '#proxmox/errors.ts';
import type { TemplateView } from '../core/observed.ts';
import { type TemplateFinding, templateStatusOf } from '../core/template-status.ts';
import type { ClusterLink } from '../effects/cluster-link.ts';
import { fieldManager } from '../effects/status-writer.ts';

/** How often a template is looked at in Proxmox; one that cannot be used is looked at sooner. */
const usableMs = 300_000;
const unusableMs = 15_000;

/** How soon a template is looked at whose cluster could be used and is only being connected: the operator has begun. */
const connectingMs = 1_000;

/** What the controller of VmTemplates works with. */
export interface TemplateControllerParts {
  kube: KubeClient;
  templates: Store<VmTemplate>;
  clusters: Store<ProxmoxCluster>;
  link: (cluster: string) => ClusterLink | undefined;
  now: () => number;
}

/** Makes the reconcile of a VmTemplate: look at each of its sources, report. */
export function templateReconciler({ kube, templates, clusters, link, now }: TemplateControllerParts) {
  const isConnecting = (cluster: string) => !link(cluster) && isReady(clusters.get(cluster));
  return async (name: string, _context: ReconcileContext): Promise<Outcome> => {
    const template = templates.get(name);
    if (!template) return { kind: 'done' };
    if (template.spec.sources.some(({ cluster }) => isConnecting(cluster))) {
      return { kind: 'again', afterMs: connectingMs, reason: 'a ProxmoxCluster is being connected' };
    }
    const findings = await Promise.all(
      template.spec.sources.map(({ cluster, vmid }) => find(cluster, vmid, link(cluster))),
    );
    const status = templateStatusOf(template, findings, now());
    if (!isDeepStrictEqual(status, template.status)) {
      await kube.applyStatus(vmTemplates, { metadata: { name }, status }, { fieldManager, force: true });
    }
    const usable = findings.every(({ view }) => view.usable);
    return { kind: 'again', afterMs: usable ? usableMs : unusableMs, reason: 'the next look at the template' };
  };
}

const isReady = (cluster: ProxmoxCluster | undefined): boolean =>
  cluster?.status?.conditions?.some(({ type, status }) => type === 'Ready' && status === 'True') ?? false;

async function find(
  cluster: string,
  source: { vmid: number; node: string },
  link: ClusterLink | undefined,
): Promise<TemplateFinding> {
  if (!link) return { cluster, view: unavailable('the ProxmoxCluster is not connected.') };
  try {
    return { cluster, ...(await link.template(source)) };
  } catch (error) {
    if (!(error instanceof ProxmoxError)) throw error;
    return { cluster, view: unavailable(error.message) };
  }
}

const unavailable = (message: string): TemplateView => ({ usable: false, reason: 'ProxmoxUnavailable', message });
