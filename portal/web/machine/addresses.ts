import type { VirtualMachine } from '#api/kinds.ts';

/** Addresses that the guest reports; those that only the host itself can reach are left out. Pure. */
export function addressesOf({ status }: VirtualMachine): string[] {
  const told = (status as { addresses?: unknown } | undefined)?.addresses;
  if (!Array.isArray(told)) return [];
  return told.flatMap(entry => {
    const address = typeof entry === 'string' ? entry : (entry as { address?: unknown }).address;
    return typeof address === 'string' && !/^(127\.|::1$|fe80:)/i.test(address) ? [address] : [];
  });
}
