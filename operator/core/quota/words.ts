/** An amount as people write it: MiB in the largest unit that keeps it whole, anything else as a number. */
export function amountText(dimension: string, amount: number | undefined): string {
  if (amount === undefined) return '∞';
  if (!dimension.endsWith('MiB') || amount === 0) return String(amount);
  if (amount % 2 ** 20 === 0) return `${amount / 2 ** 20}Ti`;
  return amount % 1024 === 0 ? `${amount / 1024}Gi` : `${amount}Mi`;
}
