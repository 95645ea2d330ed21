import type { VirtualMachine } from '#api/kinds.ts';

/** Addresses that the guest agent tells, those of the first network first. Pure. */
export const addressesOf = ({ status }: VirtualMachine): string[] =>
  status?.addresses?.map(({ address }) => address) ?? [];

/** What the guest agent tells of one network of the spec: addresses, and the card's own. Pure. */
export function networkFacts({ status }: VirtualMachine, name: string): string[] {
  const found = status?.addresses?.filter(({ network }) => network === name) ?? [];
  const mac = found.find(entry => entry.mac !== undefined)?.mac;
  return [...found.map(({ address }) => address), ...(mac ? [mac] : [])];
}
