import { describe, expect, test } from 'vitest';
import { listedVmsAnswer, vmConfigAnswer, vmStatusAnswer } from './vm.ts';

describe('a config', () => {
  test('has its identity, and every key as it stands', () => {
    const raw = {
      digest: '7c8c57b9db4ff2abb15599c5afbe10cf555f7787',
      name: 'web',
      description: 'berth: lab/team/web uid=1 vmid=100',
      smbios1: 'manufacturer=UVZF,uuid=16d66981-6698-4389-a268-95e8e399a059',
      tags: 'berth;web',
      memory: '2048',
      cores: 2,
      protection: 1,
    };
    expect(vmConfigAnswer.parse(raw)).toEqual({
      digest: raw.digest,
      name: 'web',
      description: raw.description,
      uuid: '16d66981-6698-4389-a268-95e8e399a059',
      tags: ['berth', 'web'],
      template: false,
      protection: true,
      raw,
    });
  });

  test('of a clone that copies its first disk is little but a lock', () => {
    const raw = { lock: 'clone', digest: 'eb54fb9d', description: ' qmclone temporary file' };
    expect(vmConfigAnswer.parse(raw)).toMatchObject({ ...raw, tags: [], protection: false });
  });

  test('is read though Perl made numbers of texts', () => {
    expect(
      vmConfigAnswer.parse({ digest: 'a', name: 42, description: 7, tags: 1, protection: '0', lock: null }),
    ).toMatchObject({
      name: '42',
      description: '7',
      tags: ['1'],
      protection: false,
      raw: { digest: 'a', name: 42, description: 7, tags: 1, protection: '0' },
    });
  });

  test('without digest is none', () => {
    expect(vmConfigAnswer.safeParse({ name: 'web' }).success).toBe(false);
  });
});

describe('a state', () => {
  test('tells paused from running', () => {
    const answer = { vmid: 100, status: 'running', qmpstatus: 'paused', ha: { managed: 1 }, uptime: 5, maxmem: 1024 };
    expect(vmStatusAnswer.parse(answer)).toMatchObject({
      vmid: 100,
      status: 'running',
      qmpStatus: 'paused',
      haManaged: true,
      uptimeSeconds: 5,
      memoryBytes: 1024,
    });
  });

  test('in a list lacks what only the VM itself tells', () => {
    expect(listedVmsAnswer.parse([{ vmid: '100', status: 'stopped', template: 1 }])).toMatchObject([
      { vmid: 100, status: 'stopped', template: true, tags: [] },
    ]);
  });
});
