import type { VirtualMachineStatus } from '#api/virtual-machine-status.ts';

/**
 * What a guest's agent said, or why it said nothing. `asked`: there is no answer yet; `unreachable`: nobody knows. Of both
 * nothing is told.
 */
export type GuestView =
  | { state: 'answered'; interfaces: GuestInterface[]; system?: NonNullable<VirtualMachineStatus['guest']> }
  | { state: 'silent' }
  | { state: 'denied' }
  | { state: 'asked' }
  | { state: 'unreachable' };

/** Whether it is time to ask a guest. */
export interface GuestTurn {
  isDue: boolean;
  /** Whether it has not answered since the machine was started. */
  isAwaited: boolean;
  /** How often it was asked in vain since then. */
  tries: number;
}

/** A network interface as the guest tells it. */
export interface GuestInterface {
  name: string;
  mac?: string | undefined;
  addresses: { address: string; type: 'ipv4' | 'ipv6' }[];
}
