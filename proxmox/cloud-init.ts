import { escaped } from './form.ts';
import { formatPropertyString, parsePropertyString } from './property-string.ts';

/**
 * Writes `sshkeys`: the value is percent-encoded itself, with `%20` for a blank, and then once more on its way in the
 * form, which is the transport's part. Proxmox checks the keys; a bad one is a 500.
 */
export function formatSshKeys(keys: readonly string[]): string {
  return escaped(keys.map(key => key.trim()).join('\n'));
}

/** Reads `sshkeys`, which stays encoded in the config. @throws URIError where it is not */
export function parseSshKeys(value: string): string[] {
  const lines = decodeURIComponent(value).split('\n');
  return lines.map(line => line.trim()).filter(line => line !== '');
}

/** The addresses of one network device, `ipconfigN`: those of `netN`. */
export interface IpConfig {
  /** `dhcp`, or an address with its prefix length: `10.0.0.5/24`. */
  ip?: string | undefined;
  /** Needs an address in `ip`. */
  gw?: string | undefined;
  /** `dhcp`, `auto` (SLAAC), or an address with its prefix length. */
  ip6?: string | undefined;
  /** Needs an address in `ip6`. */
  gw6?: string | undefined;
}

/** Reads `ipconfigN`. @throws RangeError where it is none */
export function parseIpConfig(text: string): IpConfig {
  const { ip, gw, ip6, gw6 } = parsePropertyString(text);
  return { ip, gw, ip6, gw6 };
}

/** Writes `ipconfigN`. @throws RangeError for a gateway without address, or a value that cannot stand in one */
export function formatIpConfig({ ip, gw, ip6, gw6 }: IpConfig): string {
  if ((gw !== undefined && ip === undefined) || (gw6 !== undefined && ip6 === undefined)) {
    throw new RangeError('a gateway needs an address');
  }
  return formatPropertyString({ ip, gw, ip6, gw6 });
}
