import fc from 'fast-check';
import type { Oracle, OracleEndpoint, OracleProperty } from './read.ts';

type Formats = Oracle['formats'];

/** Values of formats that the oracle states no pattern for; of others a few that their patterns would seldom meet. */
const EXAMPLES: Record<string, string[]> = {
  address: ['10.0.0.1', 'fe80::1', 'a.example', '-x', '::1%eth0'],
  'bridge-pair': ['vmbr0', 'vmbr0:vmbr1'],
  CIDR: ['10.0.0.0/8', '10.0.0.0/7', '10.0.0.0/008', 'fd00::/64', 'fd00::/129', '10.0.0.0'],
  CIDRv4: ['10.0.0.0/24', '10.0.0.0/33', '10.0.0.256/24', '01.0.0.0/24'],
  CIDRv6: ['fd00::1/64', '::/8', '::/7', '1:2:3:4:5:6:7:8/128', '1:2:3:4:5:6:7:8:9/64'],
  'disk-size': ['32G', '1.5T', '10', '4KiB', '32GB', '-1'],
  ip: ['10.0.0.1', '::', '::ffff:1.2.3.4', '1::2::3', '10.0.0', '1:2:3:4:5:6:7::', '::1:2:3:4:5:6:7'],
  ipv4: ['192.168.1.1', '256.1.1.1', '1.2.3'],
  ipv6: ['fe80::1', 'fe80::1%eth0', '12345::', ':::', 'a:b:c:d:e:f:1.2.3.4'],
  'mac-addr': ['52:54:00:12:34:56', '01:00:00:00:00:01', 'zz:00:00:00:00:01'],
  'mac-prefix': ['BC:24:11', '52:54'],
  'pve-cpuset': ['0-3', '0,5-6', '7'],
  'pve-ipv4-config': ['dhcp', 'manual', 'auto', '10.0.0.5/24', '10.0.0.5'],
  'pve-ipv6-config': ['auto', 'dhcp', 'fd00::5/64', 'fd00::5'],
  'pve-priv': ['VM.Audit', 'Sys.Modify', 'VM.None'],
  'pve-startup-order': ['order=1,up=30', '5', 'down=2,,', 'order=x', '0'],
  'pve-storage-id': ['local', 'local-lvm', 'l', '9x', 'a b'],
  'pve-userid': ['root@pam', 'a@b', 'x', `${'u'.repeat(80)}@pam`],
  'pve-vmid': ['100', '999999999', '99', '1000000000', '0100'],
  'pve-volume-id': ['local:iso/x.iso', 'local:', ':x', 'local-lvm:vm-100-disk-0'],
  'storage-pair': ['local', 'local:other', '1'],
};

const ANYTHING = ['', '0', '1', '-1', '1.5', '1e3', '+7', ' ', 'abc', 'true', 'on', 'a,b', 'a=b', '=', 'x=', 'ä', ';'];

/** At most so many of the parameters that may be left out are given at once: a VM has four hundred. */
const MOST_OPTIONAL = 6;

/** Parameters for a route: those of the oracle, right and wrong ones, now and then one missing or one too many. */
export function samples({ path, parameters }: OracleEndpoint, formats: Formats): fc.Arbitrary<Record<string, unknown>> {
  const entries = Object.entries(parameters).map(([name, property]) => ({
    property,
    isInPath: path.includes(`{${name}}`),
    entry: fc.tuple(fullName(name, property), value(property, formats)),
    pathEntry: fc.tuple(
      fc.constant(name),
      text(property, formats).filter(each => each !== ''),
    ),
  }));
  const inPath = entries.filter(({ isInPath }) => isInPath).map(({ pathEntry }) => pathEntry);
  const others = entries.filter(({ isInPath }) => !isInPath);
  const required = others.filter(({ property }) => !property.optional).map(({ entry }) => sometimes(97, entry));
  const optional = others.filter(({ property }) => property.optional).map(({ entry }) => entry);
  const someOptional = fc
    .shuffledSubarray(optional, { maxLength: Math.min(MOST_OPTIONAL, optional.length) })
    .chain(chosen => fc.tuple(...chosen));
  const unknown = sometimes(3, fc.tuple(fc.constantFrom('bogus', 'net99', 'Name'), fc.constant('1')));
  return fc
    .tuple(fc.tuple(...inPath, ...required, unknown), someOptional)
    .map(([given, more]) => Object.fromEntries([...given, ...more].filter(each => each !== null)));
}

function fullName(name: string, { index }: OracleProperty): fc.Arbitrary<string> {
  if (!index) return fc.constant(name);
  return mostly(fc.nat(index.max), fc.constant(index.max + 1)).map(n => name.replace('[n]', `${n}`));
}

/** Draws in so many cases of a hundred, and is null otherwise. */
function sometimes<T>(likelihood: number, arbitrary: fc.Arbitrary<T>): fc.Arbitrary<T | null> {
  return fc.oneof({ weight: 100 - likelihood, arbitrary: fc.constant(null) }, { weight: likelihood, arbitrary });
}

function value(property: OracleProperty, formats: Formats): fc.Arbitrary<unknown> {
  if (property.type === 'array') {
    return fc.oneof(
      { weight: 8, arbitrary: fc.array(value(property.items ?? {}, formats), { maxLength: 3 }) },
      oddTypes(),
    );
  }
  const opaque = isOpaque(property.format, formats);
  return fc.oneof(
    { weight: 30, arbitrary: text(property, formats) },
    { weight: opaque ? 0 : 4, arbitrary: fc.constantFrom(...ANYTHING) },
    { weight: 1, arbitrary: oddTypes() },
    { weight: opaque ? 0 : 1, arbitrary: fc.constantFrom<unknown>(7, 1.5, ['local', 'x1']) },
  );
}

/** What only JSON can send. */
function oddTypes(): fc.Arbitrary<unknown> {
  return fc.constantFrom<unknown>(true, false, null, { a: 1 });
}

function isList(format: NonNullable<OracleProperty['format']>): boolean {
  return typeof format === 'string' && format.endsWith('-list');
}

function bare(format: string): string {
  return format.replace(/-(?:list|opt)$/, '');
}

function isOpaque(format: OracleProperty['format'], formats: Formats): boolean {
  if (typeof format !== 'string') return false;
  const named = formats[format] ?? formats[bare(format)];
  return !named?.properties && named?.regexJs === undefined;
}

/** A text that is mostly right. */
function text(property: OracleProperty, formats: Formats): fc.Arbitrary<string> {
  const { format, type } = property;
  if (property.enum) return mostly(fc.constantFrom(...property.enum), fc.constant('no-such-value'));
  if (type === 'boolean') return mostly(fc.constantFrom('0', '1'), fc.constantFrom('yes', '2'));
  if (property.patternJs && isDrawable(property.patternJs)) {
    return mostly(fc.stringMatching(new RegExp(property.patternJs)), lengths(property));
  }
  if (typeof format === 'object') return propertyString(format.properties, formats);
  if (format !== undefined) return ofFormat(format, formats);
  if (type === 'integer' || type === 'number') return aroundLimits(property);
  return lengths(property);
}

function ofFormat(format: string, formats: Formats): fc.Arbitrary<string> {
  const { properties } = formats[format] ?? {};
  if (properties) return propertyString(properties, formats);
  const { regexJs = '' } = formats[bare(format)] ?? {};
  const examples = EXAMPLES[bare(format)] ?? ['local'];
  const right = examples.filter(each => new RegExp(regexJs).test(each));
  const wrong = examples.filter(each => !right.includes(each));
  const drawn = isDrawable(regexJs) ? fc.stringMatching(new RegExp(regexJs)) : fc.constantFrom(...right);
  const one = wrong.length > 0 ? mostly(drawn, fc.constantFrom(...wrong)) : drawn;
  if (!isList(format)) return one;
  return fc.array(one, { maxLength: 3 }).chain(list => fc.constantFrom(',', ';', ' ').map(by => list.join(by)));
}

/** fast-check draws from no pattern that looks ahead, and from those of addresses too slowly. */
function isDrawable(pattern: string): boolean {
  return pattern !== '' && pattern.length < 600 && !/\(\?[=!]|\\0/.test(pattern);
}

function mostly<T>(right: fc.Arbitrary<T>, wrong: fc.Arbitrary<T>): fc.Arbitrary<T> {
  return fc.oneof({ weight: 19, arbitrary: right }, { weight: 1, arbitrary: wrong });
}

function aroundLimits({ minimum = 0, maximum = minimum + 10 }: OracleProperty): fc.Arbitrary<string> {
  const right = fc.constantFrom(minimum, minimum + 1, maximum - 1, maximum);
  return mostly(right, fc.constantFrom(minimum - 1, maximum + 1)).map(String);
}

function lengths({ minLength = 1, maxLength = 12 }: OracleProperty): fc.Arbitrary<string> {
  const right = fc.constantFrom(minLength, maxLength);
  return mostly(right, fc.constantFrom(Math.max(0, minLength - 1), maxLength + 1)).map(length => 'x'.repeat(length));
}

/** Parts of a property string in any order, sometimes under an alias, twice, without a key or without a value. */
function propertyString(properties: Record<string, OracleProperty>, formats: Formats): fc.Arbitrary<string> {
  const names = Object.keys(properties);
  const keyless = names.find(name => properties[name]?.default_key);
  const required = names.filter(name => !properties[name]?.optional && !properties[name]?.alias && name !== keyless);
  const part = (name: string): fc.Arbitrary<string> => {
    const property = properties[name] ?? {};
    const target = property.alias ? (properties[property.alias] ?? {}) : property;
    const inner = text(target, formats).filter(each => !/[,=]/.test(each));
    return inner.map(each => `${name}=${each}`);
  };
  const first = keyless ? [text(properties[keyless] ?? {}, formats).filter(each => !/[,=]/.test(each))] : [];
  const odd = fc.constantFrom('bogus=1', 'x', '=', 'a=', '', ' ', ...names.map(name => `${name}=1`));
  return fc
    .record({
      first: first[0] ? fc.option(first[0], { freq: 6 }) : fc.constant(null),
      required: fc.tuple(...required.map(name => fc.option(part(name), { freq: 12 }))),
      others: fc.array(fc.constantFrom(...names).chain(part), { maxLength: 4 }),
      odd: fc.nat(15).chain(n => (n === 15 ? odd : fc.constant(null))),
    })
    .map(({ first: bareValue, required: needed, others, odd: wrong }) =>
      [bareValue, ...needed, ...others, wrong].filter(each => each !== null).join(','),
    );
}
