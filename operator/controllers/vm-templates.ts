import { isDeepStrictEqual } from 'node:util';
import { type ProxmoxCluster, type VirtualMachine, type VmTemplate, vmTemplates } from '#api/kinds.ts';
import type { KubeClient } from '#kube/client.ts';
import type { Outcome, ReconcileContext } from '#kube/controller.ts';
import type { Store } from '#kube/store.ts';
import { ProxmoxError } from '#proxmox/errors.ts';
import type { TemplateView } from '../core/observed.ts';
import { isCounted, templateRules } from '../core/quota/template-rules.ts';
import { type TemplateFinding, templateStatusOf } from '../core/template-status.ts';
import type { ClusterLink } from '../effects/cluster-link.ts';
import type { QuotaGate } from '../effects/quota-gate.ts';
import { StaleEntries } from '../effects/stale-entries.ts';
import { fieldManager } from '../effects/status-writer.ts';
import { clearUpWide, dropWide, seedWide } from '../effects/wide-upkeep.ts';

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
  machines: Store<VirtualMachine>;
  link: (cluster: string) => ClusterLink | undefined;
  gate: QuotaGate;
  now: () => number;
}

/** Makes the reconcile of a VmTemplate: keep its ledger where it has limits, look at each of its sources, report. */
export function templateReconciler(parts: TemplateControllerParts) {
  const { kube, templates, clusters, link, now } = parts;
  const stale = new StaleEntries(now);
  const isConnecting = (cluster: string) => !link(cluster) && isReady(clusters.get(cluster));
  return async (name: string, _context: ReconcileContext): Promise<Outcome> => {
    const template = templates.get(name);
    if (!template) return { kind: 'done' };
    const upkeep = await keepLedger(parts, template, stale);
    if (template.spec.sources.some(({ cluster }) => isConnecting(cluster))) {
      return { kind: 'again', afterMs: connectingMs, reason: 'a ProxmoxCluster is being connected' };
    }
    const findings = await Promise.all(
      template.spec.sources.map(({ cluster, vmid }) => find(cluster, vmid, link(cluster))),
    );
    const status = templateStatusOf(template, findings, now());
    const { allocations: _, ...before } = template.status ?? {};
    if (!isDeepStrictEqual(status, before)) {
      await kube.applyStatus(vmTemplates, { metadata: { name }, status }, { fieldManager, force: true });
    }
    const usable = findings.every(({ view }) => view.usable);
    const afterMs = Math.min(usable ? usableMs : unusableMs, upkeep.kind === 'again' ? upkeep.afterMs : usableMs);
    return { kind: 'again', afterMs, reason: 'the next look at the template' };
  };
}

async function keepLedger(
  { kube, machines, gate }: TemplateControllerParts,
  { metadata: { name }, spec, status }: VmTemplate,
  stale: StaleEntries,
): Promise<Outcome> {
  const upkeep = { kube, machines, stale, writer: gate.template(name) };
  if (!isCounted(templateRules(spec))) {
    if (status?.allocations) await dropWide(upkeep, template => isCounted(templateRules(template.spec)));
    return { kind: 'done' };
  }
  if (status?.allocations === undefined) await seedWide(upkeep, vm => vm.spec.source.template?.name === name);
  return clearUpWide(upkeep, name, status?.allocations ?? []);
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
