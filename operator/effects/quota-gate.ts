import {
  type VirtualMachine,
  type VmPolicy,
  type VmQuota,
  type VmSnapshot,
  type VmTemplate,
  vmPolicies,
  vmQuotas,
  vmTemplates,
} from '#api/kinds.ts';
import { type Allocation, snapshotEntryName } from '#api/ledger.ts';
import type { KubeClient } from '#kube/client.ts';
import type { QuotaView, SnapshotRoom } from '../core/observed.ts';
import type { Charge } from '../core/quota/amounts.ts';
import { type Applicant, evaluate, refusal, type Violation } from '../core/quota/evaluate.ts';
import { figuresOf } from '../core/quota/figures.ts';
import { release, reserve, trim } from '../core/quota/ledger.ts';
import { notOffered, templateRules } from '../core/quota/template-rules.ts';
import { type Asking, ageOf, applicantOf, notReady } from './applicant.ts';
import { LedgerWriter, type Pace } from './ledger-writer.ts';
import { isMade, type WideLedger, wideKey, wideLedger } from './wide-ledger.ts';

/** The one name that VmQuotas and the VmPolicy have. */
export const singleton = 'default';

/** As refusals call them. */
const [quotaTitle, policyTitle] = [`VmQuota "${singleton}"`, `VmPolicy "${singleton}"`];

/**
 * The one way into a quota, for admission and the operator alike. Everything is decided on what the API server says at
 * that moment; nothing here relies on a store.
 */
export class QuotaGate {
  /** The ledger of owners, across namespaces. */
  readonly policy: LedgerWriter<VmPolicy>;
  readonly #kube: KubeClient;
  readonly #pace: Pace;
  readonly #templates = new Map<string, LedgerWriter<VmTemplate>>();
  readonly #quotas = new Map<string, LedgerWriter<VmQuota>>();

  /** `pace` is what a write waits by that somebody else was faster with; by default the machine's own time and chance. */
  constructor(kube: KubeClient, pace: Pace = {}) {
    this.#kube = kube;
    this.#pace = pace;
    this.policy = new LedgerWriter(kube, vmPolicies, { name: singleton }, pace);
  }

  /** The ledger of a namespace. */
  quota(namespace: string): LedgerWriter<VmQuota> {
    const known = this.#quotas.get(namespace);
    if (known) return known;
    const figures = ({ spec }: VmQuota, ledger: readonly Allocation[]) => figuresOf(spec, ledger);
    const made = new LedgerWriter<VmQuota>(this.#kube, vmQuotas, { namespace, name: singleton }, this.#pace, figures);
    this.#quotas.set(namespace, made);
    return made;
  }

  /** The ledger of the machines that are made from a VmTemplate, across namespaces. */
  template(name: string): LedgerWriter<VmTemplate> {
    const known = this.#templates.get(name);
    if (known) return known;
    const made = new LedgerWriter<VmTemplate>(this.#kube, vmTemplates, { name }, this.#pace);
    this.#templates.set(name, made);
    return made;
  }

  /** Gives a machine the room that its spec asks for, or says why not, in full. Rejects with KubeError. */
  async grant(vm: VirtualMachine, asking: Asking): Promise<QuotaView> {
    let unquotaed: Unquotaed = 'Allow';
    const wide = this.#wide(vm, policy => {
      unquotaed = policy?.spec.unquotaedNamespaces ?? 'Allow';
    });
    const dry = { ...asking, dryRun: true };
    const seen = await Promise.all(wide.map(async ledger => ({ ledger, across: await ledger.consider(vm, dry) })));
    const refusals = seen.filter(({ across }) => across.violations.length > 0);
    if (refusals.length > 0) {
      const within = await this.#inNamespace(vm, dry, unquotaed);
      const all = refusals.map(({ ledger, across }) => refused(across.violations, ledger.title));
      const [first] = all;
      const messages = [...all, ...(within.granted ? [] : [within])].map(({ message }) => message);
      return { granted: false, reason: first?.reason ?? 'QuotaExceeded', message: messages.join(' ') };
    }
    const counted = asking.dryRun ? [] : seen.filter(({ across }) => across.counted).map(({ ledger }) => ledger);
    return this.#throughAll(vm, asking, counted, unquotaed);
  }

  /** Takes room in one ledger after another, and gives back what was new where a later one has none. */
  async #throughAll(
    vm: VirtualMachine,
    asking: Asking,
    [ledger, ...others]: WideLedger[],
    unquotaed: Unquotaed,
  ): Promise<QuotaView> {
    if (!ledger) return this.#inNamespace(vm, asking, unquotaed);
    const { violations, isNew } = await ledger.consider(vm, asking);
    if (violations.length > 0) return refused(violations, ledger.title);
    const view = await this.#throughAll(vm, asking, others, unquotaed);
    if (!view.granted && isNew) await ledger.release(vm);
    return view;
  }

  /** Gives a snapshot room if there is, for its machine and for its namespace; or says why not. Rejects with KubeError. */
  async grantSnapshot(snapshot: VmSnapshot, { state, dryRun }: Asking): Promise<SnapshotRoom> {
    const policy = await this.policy.change(owner => ({ answer: owner?.spec }));
    const maxPerVM = policy?.snapshots?.maxPerVM;
    const ofPolicy = maxPerVM === undefined ? {} : { maxPerVM };
    const { namespace = '' } = snapshot.metadata;
    const applicant = snapshotApplicant(snapshot);
    return this.quota(namespace).change<SnapshotRoom>((quota, ledger) => {
      const isUnlimited = !quota && policy?.unquotaedNamespaces !== 'Deny';
      if (!quota) return { answer: isUnlimited ? { granted: true, ...ofPolicy } : noQuota(namespace) };
      if (ledger === undefined) return { answer: refused([notReady], quotaTitle) };
      const tooMany = evaluate(ofPolicy, ledger, applicant).violations;
      const evaluation = evaluate(quota.spec, ledger, applicant);
      const all = [
        ...(tooMany.length > 0 ? [refused(tooMany, policyTitle)] : []),
        ...(evaluation.violations.length > 0 ? [refused(evaluation.violations, quotaTitle)] : []),
      ];
      const [first] = all;
      if (first) return { answer: { ...first, message: all.map(({ message }) => message).join(' ') } };
      if (dryRun) return { answer: { granted: true, ...ofPolicy } };
      const { ledger: after, violations } = reserve(quota.spec, ledger, applicant, state);
      return {
        ledger: after,
        answer: violations.length > 0 ? refused(violations, quotaTitle) : { granted: true, ...ofPolicy },
      };
    }, ageOf(snapshot));
  }

  /** Takes a snapshot out of the ledger: Proxmox is proven not to have it. */
  async releaseSnapshot(snapshot: VmSnapshot): Promise<void> {
    const { name, uid } = snapshotApplicant(snapshot);
    await this.quota(snapshot.metadata.namespace ?? '').change((_, ledger) => ({
      ledger: ledger && release(ledger, { name, uid }),
      answer: undefined,
    }));
  }

  /** Takes a machine out of every ledger: it is proven to be gone, or was let go. */
  async release(vm: VirtualMachine): Promise<void> {
    const { namespace = '', name, uid = '' } = vm.metadata;
    await this.quota(namespace).change((_, ledger) => ({
      ledger: ledger && release(ledger, { name, uid }),
      answer: undefined,
    }));
    for (const ledger of this.#wide(vm)) await ledger.release(vm);
  }

  /** Lowers the entries of a machine to what Proxmox was seen to have. `seen` is its entry in the namespace's ledger. */
  async trim(vm: VirtualMachine, seen: Allocation, confirmed: Charge): Promise<void> {
    await this.quota(vm.metadata.namespace ?? '').change((_, ledger) => ({
      ledger: ledger && trim(ledger, seen, confirmed),
      answer: undefined,
    }));
    await this.policy.change((_, ledger) => ({
      ledger: ledger && trim(ledger, { ...seen, name: wideKey(vm) }, confirmed),
      answer: undefined,
    }));
  }

  #wide({ spec }: VirtualMachine, onPolicy: (policy: VmPolicy | undefined) => void = () => {}): WideLedger[] {
    const name = spec.source.template?.name;
    const ofPolicy = wideLedger(policyTitle, this.policy, policy => {
      onPolicy(policy);
      const { perUser, perVM } = policy?.spec ?? {};
      return { rules: { ...(perUser && { perUser }), ...(perVM && { perVM }) }, objections: [] };
    });
    if (name === undefined) return [ofPolicy];
    const ofTemplate = wideLedger(`VmTemplate "${name}"`, this.template(name), (template, vm) => {
      const text = template && !isMade(vm) && notOffered(template.spec, vm.metadata.namespace ?? '');
      const objections: Violation[] = text ? [{ reason: 'NotAllowed', text }] : [];
      return { rules: template ? templateRules(template.spec) : {}, objections };
    });
    return [ofPolicy, ofTemplate];
  }

  #inNamespace(vm: VirtualMachine, { state, dryRun }: Asking, unquotaed: Unquotaed): Promise<QuotaView> {
    const { namespace = '', name } = vm.metadata;
    const applicant = applicantOf(vm, name);
    return this.quota(namespace).change<QuotaView>((quota, ledger) => {
      if (!quota) return { answer: unquotaed === 'Allow' ? { granted: true } : noQuota(namespace) };
      if (ledger === undefined) return { answer: refused([notReady], quotaTitle) };
      const answerTo = (violations: Violation[]): QuotaView =>
        violations.length > 0 ? refused(violations, quotaTitle) : grantedBy(quota.spec);
      if (dryRun) return { answer: answerTo(evaluate(quota.spec, ledger, applicant).violations) };
      const reservation = reserve(quota.spec, ledger, applicant, state);
      return { ledger: reservation.ledger, answer: answerTo(reservation.violations) };
    }, ageOf(vm));
  }
}

/** A snapshot as a ledger sees it. Its spec never changes, so that its generation says nothing. */
const snapshotApplicant = ({ metadata, spec }: VmSnapshot): Applicant => ({
  name: snapshotEntryName(metadata.name),
  uid: metadata.uid ?? '',
  snapshotOf: spec.vmName,
});

const grantedBy = ({ allowed, perNode, vmidRange }: VmQuota['spec']): QuotaView => ({
  granted: true,
  ...(allowed?.nodes && { nodes: allowed.nodes }),
  ...(allowed?.isos && { isos: allowed.isos }),
  ...(perNode && { shares: perNode }),
  ...(vmidRange && { vmids: vmidRange }),
});

/** Whether machines may be made in a namespace without a VmQuota. */
type Unquotaed = 'Allow' | 'Deny';

function refused(violations: Violation[], title: string): QuotaView & { granted: false } {
  const reason = violations[0]?.reason ?? 'QuotaExceeded';
  if (reason === 'QuotaNotReady')
    return { granted: false, reason, message: `${title} is being set up; the machine waits.` };
  return { granted: false, reason, message: refusal(title, violations) };
}

const noQuota = (namespace: string): QuotaView => ({
  granted: false,
  reason: 'NoQuota',
  message: `The namespace "${namespace}" has no VmQuota, and the VmPolicy lets no machine be made without one.`,
});
