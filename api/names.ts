import { z } from 'zod';

/** The API group of all of Berth's resources. */
export const group = 'berth.dev';

/** The version that is served and stored. */
export const version = 'v1alpha1';

/** A DNS label of RFC 1123: what a guest's host name and a list key of ours may be. */
export const dnsLabelPattern = /^[a-z0-9]([-a-z0-9]*[a-z0-9])?$/;

const resourceNamePattern = /^[a-z0-9]([-a-z0-9.]*[a-z0-9])?$/;
const proxmoxIdPattern = /^[A-Za-z][-A-Za-z0-9_.]*[A-Za-z0-9]$/;

/** The name of a cluster-scoped resource of ours. */
export const resourceName = () =>
  z.string().min(1).max(63).regex(resourceNamePattern, 'lower-case letters, digits, - and .');

/** The name of a VirtualMachine that a resource is about, beside it in its namespace. */
export const machineName = () =>
  z
    .string()
    .min(1)
    .max(63)
    .regex(dnsLabelPattern, 'a DNS label')
    .describe('Name of the VirtualMachine, in the same namespace.');

/** The name of a resource in the same place, as `{name}`. */
export const localReference = (what: string) => z.object({ name: resourceName().describe(`Name of the ${what}.`) });

/** A node's name: Proxmox holds it to a host name. */
export const nodeName = () =>
  z
    .string()
    .min(1)
    .max(63)
    .regex(/^[A-Za-z0-9]([-A-Za-z0-9]*[A-Za-z0-9])?$/, 'letters, digits and -');

/** A storage's id, by Proxmox' own pattern (pve-storage-id). */
export const storageId = () =>
  z.string().min(2).max(100).regex(proxmoxIdPattern, 'a letter, then letters, digits, -, _ and .');

/**
 * An ISO image's volume, `STORAGE:iso/FILE`. Proxmox takes other characters in file names, too; they are left out, since
 * some of them end a value in its configuration.
 */
export const isoVolume = () =>
  z
    .string()
    .min(9)
    .max(255)
    .regex(
      /^[A-Za-z][-A-Za-z0-9_.]*[A-Za-z0-9]:iso\/[-A-Za-z0-9_.+]+\.([iI][sS][oO]|[iI][mM][gG])$/,
      'STORAGE:iso/FILE.iso, with letters, digits, -, _, . and + in the name',
    );

/** A bridge's name, by Proxmox' own pattern (pve-bridge-id). */
export const bridgeName = () =>
  z
    .string()
    .min(2)
    .max(63)
    .regex(/^[A-Za-z0-9_.-]+$/, 'letters, digits, -, _ and .');

/** A tag as Proxmox keeps it: lower-case. */
export const tagName = () =>
  z
    .string()
    .min(1)
    .max(64)
    .regex(/^[a-z0-9_][a-z0-9_\-+.]*$/, 'lower-case letters, digits, _, -, + and .');

/** A VMID: Proxmox' own range. */
export const vmid = () => z.int32().min(100).max(999_999_999);
