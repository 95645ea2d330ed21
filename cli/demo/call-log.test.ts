import { expect, test } from 'vitest';
import { CallLog } from './call-log.ts';

test('calls are counted for the machine that they are about, those of its agent apart', () => {
  const log = new CallLog();
  const at = '/api2/json/nodes/n1/qemu';
  log.note({ method: 'POST', target: `${at}/900/clone`, body: 'newid=1001&name=web' });
  log.note({ method: 'GET', target: `${at}/1001/config` });
  log.note({ method: 'GET', target: `${at}/1001/status/current` });
  log.note({ method: 'GET', target: `${at}/1001/agent/network-get-interfaces` });
  log.note({ method: 'GET', target: '/api2/json/cluster/resources' });
  const countsOf = (vmid: number) => [log.writes(vmid), log.reads(vmid), log.agentReads(vmid)];
  expect(countsOf(1001)).toEqual([1, 2, 1]);
  expect(countsOf(900)).toEqual([0, 0, 0]);
});
