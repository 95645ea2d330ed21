/** The CPU models of QEMU that a VM may have, of both architectures. */
const CPU_MODELS = new Set(
  `486 a64fx athlon Broadwell Broadwell-IBRS Broadwell-noTSX Broadwell-noTSX-IBRS Cascadelake-Server
  Cascadelake-Server-noTSX Cascadelake-Server-v2 Cascadelake-Server-v4 Cascadelake-Server-v5 ClearwaterForest
  Conroe Cooperlake Cooperlake-v2 core2duo coreduo cortex-a35 cortex-a53 cortex-a55 cortex-a57 cortex-a710
  cortex-a72 cortex-a76 EPYC EPYC-Genoa EPYC-Genoa-v2 EPYC-IBPB EPYC-Milan EPYC-Milan-v2 EPYC-Milan-v3 EPYC-Rome
  EPYC-Rome-v2 EPYC-Rome-v3 EPYC-Rome-v4 EPYC-Rome-v5 EPYC-Turin EPYC-v3 EPYC-v4 EPYC-v5 GraniteRapids
  GraniteRapids-v2 GraniteRapids-v3 Haswell Haswell-IBRS Haswell-noTSX Haswell-noTSX-IBRS host Icelake-Client
  Icelake-Client-noTSX Icelake-Server Icelake-Server-noTSX Icelake-Server-v3 Icelake-Server-v4 Icelake-Server-v5
  Icelake-Server-v6 Icelake-Server-v7 IvyBridge IvyBridge-IBRS KnightsMill kvm32 kvm64 max Nehalem Nehalem-IBRS
  neoverse-n1 neoverse-n2 neoverse-v1 Opteron_G1 Opteron_G2 Opteron_G3 Opteron_G4 Opteron_G5 Penryn pentium
  pentium2 pentium3 phenom qemu32 qemu64 SandyBridge SandyBridge-IBRS SapphireRapids SapphireRapids-v2
  SapphireRapids-v3 SapphireRapids-v4 SierraForest SierraForest-v2 SierraForest-v3 Skylake-Client
  Skylake-Client-IBRS Skylake-Client-noTSX-IBRS Skylake-Client-v4 Skylake-Server Skylake-Server-IBRS
  Skylake-Server-noTSX-IBRS Skylake-Server-v4 Skylake-Server-v5 Westmere Westmere-IBRS x86-64-v2 x86-64-v2-AES
  x86-64-v3 x86-64-v4`.split(/\s+/),
);

const CPU_FLAGS = [
  'aes',
  'amd-no-ssb',
  'amd-ssbd',
  'hv-evmcs',
  'hv-tlbflush',
  'ibpb',
  'md-clear',
  'nested-virt',
  'pcid',
  'pdpe1gb',
  'spec-ctrl',
  'ssbd',
  'virt-ssbd',
];

type Values = Record<string, string | undefined>;

/** What the keys of a property string, each right by itself, may not be together. */
const COMBINATIONS: Record<string, (values: Values) => string | undefined> = {
  'pve-cpu-conf': ({ cputype }) => (isSet(cputype) ? undefined : 'CPU is missing cputype\n'),
  'pve-vm-cpu-conf': checkCpu,
  'prune-backups': values => {
    const keeps = Object.entries(values).some(([key, count]) => key !== 'keep-all' && Number(count) > 0);
    return keeps && isSet(values['keep-all']) ? 'keep-all cannot be set together with other options.\n' : undefined;
  },
  'backup-fleecing': ({ enabled, storage }) =>
    isSet(enabled) && !isSet(storage) ? "'storage' parameter is required when 'enabled' is set\n" : undefined,
};

/** What is wrong with the values of the property string of that name, or undefined. */
export function checkCombination(table: string, values: Values): string | undefined {
  return COMBINATIONS[table]?.(values);
}

/** The simulator has no models of its own, so each `custom-` one is unknown. */
function checkCpu({ cputype, flags, 'reported-model': reported }: Values): string | undefined {
  if (!cputype || cputype === '0') return 'CPU is missing cputype\n';
  if (cputype.startsWith('custom-')) return `Custom cputype '${cputype.slice('custom-'.length)}' not found\n`;
  if (!CPU_MODELS.has(cputype)) {
    return `Built-in cputype '${cputype}' is not defined (missing 'custom-' prefix?)\n`;
  }
  if (flags && !flags.split(';').every(flag => /^[+-]/.test(flag) && CPU_FLAGS.includes(flag.slice(1)))) {
    return `VM-specific CPU flags must be a subset of: ${CPU_FLAGS.join(', ')}\n`;
  }
  return reported === undefined ? undefined : "Property 'reported-model' not allowed in VM-specific CPU config.\n";
}

function isSet(value: string | undefined): value is string {
  return value !== undefined && value !== '' && value !== '0';
}
