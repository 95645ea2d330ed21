import type { VirtualMachine } from '#api/kinds.ts';
import { evaluate, type Violation } from '../core/quota/evaluate.ts';
import { release, reserve } from '../core/quota/ledger.ts';
import type { Rules } from '../core/quota/limits.ts';
import { isCounted } from '../core/quota/template-rules.ts';
import { type Asking, ageOf, applicantOf, notReady } from './applicant.ts';
import type { LedgerOwner, LedgerWriter } from './ledger-writer.ts';

/** What limits across namespaces have to say about a machine. */
export interface Across {
  /** Whether machines are counted, so that one needs an entry. */
  counted: boolean;
  violations: Violation[];
  /** Whether the machine has no entry yet. */
  isNew: boolean;
}

/** Limits across namespaces, and the ledger where they count machines: the VmPolicy's or a VmTemplate's. */
export interface WideLedger {
  /** As in a refusal: `VmPolicy "default"`. */
  title: string;
  /** Asks for a machine; only an asking that is no dry run takes room. Rejects with KubeError. */
  consider: (vm: VirtualMachine, asking: Asking) => Promise<Across>;
  /** Takes the entry of a machine out. Rejects with KubeError. */
  release: (vm: VirtualMachine) => Promise<void>;
}

/** The key of a machine's entry in a ledger across namespaces. */
export const wideKey = ({ metadata }: VirtualMachine): string => `${metadata.namespace}/${metadata.name}`;

/** Makes the way into the ledger of one resource. `read` answers its limits, and what else it has against the machine. */
export function wideLedger<Owner extends LedgerOwner>(
  title: string,
  writer: LedgerWriter<Owner>,
  read: (owner: Owner | undefined, vm: VirtualMachine) => { rules: Rules; objections: Violation[] },
): WideLedger {
  return {
    title,
    consider: (vm, { state, dryRun }) =>
      writer.change<Across>((owner, ledger) => {
        const { rules, objections } = read(owner, vm);
        const counted = isCounted(rules);
        const isNew = !ledger?.some(({ name }) => name === wideKey(vm));
        const answer = (violations: Violation[]) => ({ counted, violations: [...objections, ...violations], isNew });
        if (counted && ledger === undefined) return { answer: answer([notReady]) };
        const applicant = applicantOf(vm, wideKey(vm));
        if (dryRun || !counted || ledger === undefined) {
          return { answer: answer(isMade(vm) && !counted ? [] : evaluate(rules, ledger ?? [], applicant).violations) };
        }
        const reservation = reserve(rules, ledger, applicant, state);
        return { ledger: reservation.ledger, answer: answer(reservation.violations) };
      }, ageOf(vm)),
    release: vm =>
      writer.change((_, ledger) => ({
        ledger: ledger && release(ledger, { name: wideKey(vm), uid: vm.metadata.uid ?? '' }),
        answer: undefined,
      })),
  };
}

/** Where no ledger tells what grows, a machine that is there is held to nothing that came later; policies see growth. */
export const isMade = ({ status }: VirtualMachine): boolean => status?.createdAt !== undefined;
