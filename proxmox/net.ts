import { formatPropertyString, type Properties, parsePropertyString } from './property-string.ts';

/** The models that a network device may have; each is also the key of its MAC: `virtio=BC:24:11:5F:0A:9A`. */
const models: ReadonlySet<string> = new Set([
  'e1000',
  'e1000-82540em',
  'e1000-82544gc',
  'e1000-82545em',
  'e1000e',
  'i82551',
  'i82557b',
  'i82559er',
  'ne2k_isa',
  'ne2k_pci',
  'pcnet',
  'rtl8139',
  'virtio',
  'vmxnet3',
]);

/** A network device, `netN` of a VM's config. */
export interface NetDevice {
  model: string;
  /** Without one Proxmox makes up a new one **at each write**, and replugs the device: always send back what was read. */
  mac?: string | undefined;
  bridge?: string | undefined;
  /** VLAN, 1 to 4094. */
  tag?: number | undefined;
  /** Mega**bytes** a second. */
  rateMBps?: number | undefined;
  /** 1 stands for the bridge's own. */
  mtu?: number | undefined;
  firewall?: boolean | undefined;
  linkDown?: boolean | undefined;
  /** Properties that are not ours to interpret (`queues`, `trunks`, …), to be written back as they were. */
  other?: Properties;
}

/** Reads `netN`. @throws RangeError where it is not one */
export function parseNet(text: string): NetDevice {
  const properties = parsePropertyString(text, 'model');
  const alias = Object.keys(properties).find(key => models.has(key));
  const { model = alias, macaddr, bridge, tag, rate, mtu, firewall, link_down, ...rest } = properties;
  if (model === undefined) throw new RangeError(`a network device without model: ${JSON.stringify(text)}`);
  const mac = alias === undefined ? macaddr : rest[alias];
  const other = Object.fromEntries(Object.entries(rest).filter(([key]) => key !== alias));
  return {
    model,
    mac: mac?.toUpperCase(),
    bridge,
    tag: numberOf(tag),
    rateMBps: numberOf(rate),
    mtu: numberOf(mtu),
    firewall: flagOf(firewall),
    linkDown: flagOf(link_down),
    other,
  };
}

/** Writes `netN`. @throws RangeError for a model that Proxmox does not know, or a value that cannot stand in one */
export function formatNet({ model, mac, rateMBps, linkDown, other, ...rest }: NetDevice): string {
  if (!models.has(model)) throw new RangeError(`unknown network model ${JSON.stringify(model)}`);
  const device = mac === undefined ? { model } : { [model]: mac.toUpperCase() };
  const head = formatPropertyString(device, 'model');
  const tail = formatPropertyString({ ...other, ...rest, rate: rateMBps, link_down: linkDown });
  return tail === '' ? head : `${head},${tail}`;
}

function numberOf(text: string | undefined): number | undefined {
  return text === undefined ? undefined : Number(text);
}

/** Inside property strings the words are allowed, too. */
function flagOf(text: string | undefined): boolean | undefined {
  return text === undefined ? undefined : ['1', 'on', 'yes', 'true'].includes(text.toLowerCase());
}
