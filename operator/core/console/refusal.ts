import type { SessionView } from './view.ts';

/** Why a console cannot be opened now. */
export interface Refusal {
  reason: string;
  message: string;
}

/** Why the console of a session cannot be opened now, or undefined. What changes later is looked at again. */
export function canOpen({ session, vm, limits, consoleUrl, others }: SessionView): Refusal | undefined {
  const name = session.spec.vmName;
  if (consoleUrl === undefined) {
    return { reason: 'ConsoleNotInstalled', message: 'There is no console-proxy here; ask an administrator.' };
  }
  if (!vm) return { reason: 'MachineNotFound', message: `There is no machine "${name}".` };
  if (vm.metadata.deletionTimestamp) {
    return { reason: 'MachineDeleted', message: `The machine "${name}" is being deleted.` };
  }
  const { vmid, node, powerState } = vm.status ?? {};
  if (vmid === undefined || node === undefined || vm.status?.createdAt === undefined) {
    return { reason: 'MachineNotMade', message: `The machine "${name}" is still being made.` };
  }
  if (powerState !== 'Running' && powerState !== 'Paused') {
    const message = `The machine "${name}" is off. A console shows what a running machine shows: start it first.`;
    return { reason: 'MachineNotRunning', message };
  }
  if (others >= limits.maxPerUser) {
    const message = `${session.spec.requester} has ${others} consoles open; ${limits.maxPerUser} are allowed at a time.`;
    return { reason: 'TooManyConsoles', message };
  }
  return undefined;
}
