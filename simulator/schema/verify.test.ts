import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { describeWithOracle, oracleFolder } from './oracle/folder.ts';
import { findRoute, type Release } from './routes.ts';
import { agrees, answer, readVectors } from './vectors.ts';
import { joinParameters, verifyParameters } from './verify.ts';

function verify(method: string, path: string, params: Record<string, unknown>, release: Release = '9.2') {
  const found = findRoute(release, method, path);
  if (!found) throw new Error(`no route ${method} ${path}`);
  return verifyParameters(found.route, { ...found.pathParams, ...params });
}

function create(params: Record<string, unknown>, release?: Release) {
  return verify('POST', '/nodes/n1/qemu', { vmid: '100', ...params }, release);
}

describe('verifying parameters', () => {
  it('gives integers and booleans as numbers, texts as they are', () => {
    expect(create({ cores: '4', onboot: '1', kvm: false, memory: '2048', cpulimit: '1.5', name: 'web' })).toEqual({
      ok: true,
      params: { node: 'n1', vmid: 100, cores: 4, onboot: 1, kvm: 0, memory: '2048', cpulimit: 1.5, name: 'web' },
    });
  });

  it('takes null for not given', () => {
    expect(create({ cores: null })).toEqual({ ok: true, params: { node: 'n1', vmid: 100 } });
  });

  it('joins a repeated key where a list is expected, and refuses it elsewhere', () => {
    expect(create({ tags: ['a', 'b'] })).toMatchObject({ ok: true, params: { tags: 'a,b' } });
    expect(create({ cores: ['1', '2'] })).toEqual({
      ok: false,
      errors: { cores: "type check ('integer') failed - got ARRAY" },
    });
  });

  it('takes one value for an array of one', () => {
    const command = verify('POST', '/nodes/n1/qemu/100/agent/exec', { command: 'ls' });
    expect(command).toMatchObject({ ok: true, params: { command: ['ls'] } });
  });

  it('names every key that is wrong inside a property string', () => {
    expect(create({ net0: 'tag=5000,bogus=1' })).toEqual({
      ok: false,
      errors: {
        net0: [
          'invalid format - format error',
          'net0.bogus: property is not defined in schema and the schema does not allow additional properties',
          'net0.model: property is missing and it is not optional',
          'net0.tag: value must have a maximum value of 4094',
          '',
        ].join('\n'),
      },
    });
  });

  it('has what 8.4 and 9.2 make of a boolean without its key', () => {
    expect(create({ agent: 'true' }, '9.2').ok).toBe(true);
    expect(create({ agent: 'true' }, '8.4')).toMatchObject({
      errors: { agent: "invalid format - format error\nagent.enabled: type check ('boolean') failed - got 'true'\n" },
    });
  });

  it('knows which parameters came with 9', () => {
    expect(create({ 'allow-ksm': '1' }, '9.2').ok).toBe(true);
    expect(create({ 'allow-ksm': '1' }, '8.4').ok).toBe(false);
  });

  it.each([
    ['8.4', "missing property - 'unique' requires this property\\nmissing property - 'force' requires this property"],
    ['9.2', "missing property required by 'unique'\\nmissing property required by 'force'"],
  ] as const)('says on %s what a parameter needs beside it', (release, message) => {
    expect(create({ unique: '1', force: '1' }, release)).toEqual({ ok: false, errors: { archive: message } });
  });

  it.each([
    ['custom-mine', "Custom cputype 'mine' not found\n"],
    ['pentium9', "Built-in cputype 'pentium9' is not defined (missing 'custom-' prefix?)\n"],
    ['host,reported-model=kvm64', "Property 'reported-model' not allowed in VM-specific CPU config.\n"],
    ['flags=+aes', 'CPU is missing cputype\n'],
  ])('refuses the CPU %s', (cpu, message) => {
    expect(create({ cpu })).toEqual({ ok: false, errors: { cpu: `invalid format - ${message}` } });
  });

  it('joins path and query, which may not contradict each other', () => {
    expect(joinParameters({ vmid: '100' }, { cores: '2' })).toEqual({ ok: true, params: { vmid: '100', cores: '2' } });
    expect(joinParameters({ vmid: '100' }, { vmid: '100' })).toEqual({ ok: true, params: { vmid: '100' } });
    expect(joinParameters({ vmid: '100' }, { vmid: '101' })).toEqual({
      ok: false,
      errors: { vmid: 'duplicate parameter (already defined in URI) with conflicting values!' },
    });
  });
});

describeWithOracle('the vectors of the real verification', () => {
  it.each(readVectors(join(oracleFolder, 'validation-vectors.json')))('agree on $method $path $params', vector => {
    expect([answer(vector), vector]).toSatisfy(() => agrees(vector, answer(vector)));
  });
});
