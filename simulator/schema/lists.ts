/**
 * The elements of a value whose format ends in `-list`: parted by commas, semicolons, blanks or, if there is one, by
 * NUL alone. An empty list is a list.
 */
export function splitList(value: string): string[] {
  if (value.includes('\0')) return value.split('\0');
  return value.split(/[,;\s]+/).filter(element => element !== '');
}
