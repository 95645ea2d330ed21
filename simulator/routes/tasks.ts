import { demand, may } from '../auth/permissions.ts';
import { badParameters } from '../engine/errors.ts';
import { type Call, flag, type Handlers, type Identity, number, required, text, type World } from '../engine/world.ts';
import type { TaskState } from '../state/types.ts';
import { decodeUpid, type Upid } from '../tasks/upid.ts';

/** /nodes/N/tasks. */
export const tasks: Handlers = {
  'GET /nodes/{node}/tasks': listTasks,
  'GET /nodes/{node}/tasks/{upid}': () => [{ name: 'log' }, { name: 'status' }],
  'DELETE /nodes/{node}/tasks/{upid}': stopTask,
  'GET /nodes/{node}/tasks/{upid}/status': taskStatus,
  'GET /nodes/{node}/tasks/{upid}/log': taskLog,
};

/** So many lines fit into the two index files of a node, 50 kB each. */
const ARCHIVED = 1000;

/** The cluster's list has this many lines of each node. */
const BROADCAST = 25;

/** A token's user and name apart, as most answers have them. */
function owner(authid: string): { user: string; tokenid?: string } {
  const [user = '', tokenid] = authid.split('!');
  return tokenid === undefined ? { user } : { user, tokenid };
}

/** A user sees the tasks of all own tokens; a token only its own, but on 8.4 tokens of one user see each other's. */
function isOwn(world: World, who: Identity, authid: string): boolean {
  const apart = who.token !== undefined && world.release !== '8.4';
  return apart ? authid === who.authid : owner(authid).user === who.user;
}

function fields(task: TaskState | Upid): Record<string, unknown> {
  const { node, pid, pstart, starttime, type, id } = task;
  return { node, pid, pstart, starttime, type, id };
}

interface Filter {
  matches: (task: TaskState, user: string, status: string) => boolean;
  start: number;
  limit: number;
}

function listTasks(call: Call): unknown[] {
  const { world, params, node } = call;
  const source = text(params, 'source') ?? 'archive';
  const filter = filterOf(call);
  const lines: unknown[] = [];
  let count = 0;
  const offer = (task: TaskState, line: Record<string, unknown>) => {
    if (!filter.matches(task, String(line.user), String(line.status))) return;
    if (count++ >= filter.start && lines.length < filter.limit) lines.push(line);
  };
  const ofNode = Object.values(world.state.tasks).filter(task => task.node === node);
  if (source !== 'archive') for (const task of ofNode) if (task.exitstatus === undefined) offer(task, activeLine(task));
  if (source !== 'active') {
    const done = ofNode.filter(task => task.exitstatus !== undefined).reverse();
    for (const task of done.slice(0, ARCHIVED)) offer(task, archiveLine(task));
  }
  call.total = count;
  return lines;
}

function activeLine(task: TaskState): Record<string, unknown> {
  return { ...fields(task), upid: task.upid, user: task.authid, status: 'RUNNING', saved: '0' };
}

function archiveLine(task: TaskState): Record<string, unknown> {
  return { ...fields(task), upid: task.upid, ...owner(task.authid), status: task.exitstatus, endtime: task.endtime };
}

function filterOf({ world, params, node, who }: Call): Filter {
  const auditor = may(world, who.authid, `/nodes/${node}`, ['Sys.Audit']);
  const user = text(params, 'userfilter')?.toLowerCase();
  const type = text(params, 'typefilter');
  const vmid = text(params, 'vmid');
  const since = number(params, 'since') ?? Number.NEGATIVE_INFINITY;
  const until = number(params, 'until') ?? Number.POSITIVE_INFINITY;
  const kinds = text(params, 'statusfilter')
    ?.toLowerCase()
    .split(/[,;\s]+/);
  const errors = flag(params, 'errors');
  return {
    start: number(params, 'start') ?? 0,
    limit: number(params, 'limit') ?? 50,
    matches: (task, shownUser, status) =>
      (user === undefined || shownUser.toLowerCase().includes(user)) &&
      (auditor || isOwn(world, who, task.authid)) &&
      (type === undefined || task.type === type) &&
      (vmid === undefined || task.id === vmid) &&
      task.starttime >= since &&
      task.starttime <= until &&
      (errors ? kindOf(status) !== 'ok' : (kinds?.includes(kindOf(status)) ?? true)),
  };
}

function kindOf(status: string): string {
  if (status === 'OK') return 'ok';
  if (status === 'RUNNING' || status === 'unexpected status') return 'unknown';
  return status.startsWith('WARNINGS: ') ? 'warning' : 'error';
}

/** The UPID of the path and its task, which may be none. */
function find(call: Call): { upid: Upid; task: TaskState | undefined } {
  const value = required(call.params, 'upid');
  const upid = decodeUpid(value);
  if (upid === undefined) throw badParameters({ upid: 'unable to parse worker upid' });
  const task = call.world.state.tasks[value];
  return { upid, task: task?.node === call.node ? task : undefined };
}

function demandOwn(world: World, who: Identity, node: string, authid: string, privilege: string): void {
  if (!isOwn(world, who, authid)) demand(world, who.authid, `/nodes/${node}`, [privilege]);
}

function taskStatus(call: Call): Record<string, unknown> {
  const { upid, task } = find(call);
  if (task === undefined) throw badParameters({ upid: 'no such task' });
  demandOwn(call.world, call.who, call.node, upid.authid, 'Sys.Audit');
  const line = { ...fields(task), upid: task.upid, ...owner(task.authid) };
  if (task.exitstatus === undefined) return { ...line, status: 'running' };
  return { ...line, status: 'stopped', exitstatus: task.exitstatus };
}

function stopTask(call: Call): null {
  const { upid, task } = find(call);
  if (task === undefined) throw badParameters({ upid: 'no such task' });
  demandOwn(call.world, call.who, call.node, upid.authid, 'Sys.Modify');
  call.world.tasks.stop(task.upid);
  return null;
}

/** Lines of the log; that of an unknown task is an object instead of a list. */
function taskLog(call: Call): unknown {
  const { upid, task } = find(call);
  demandOwn(call.world, call.who, call.node, upid.authid, 'Sys.Audit');
  if (task === undefined) {
    call.total = 1;
    return { n: 1, t: 'unable to open file - No such file or directory' };
  }
  const start = number(call.params, 'start') ?? 0;
  const limit = number(call.params, 'limit') ?? 50;
  const log = task.log.length > 0 ? task.log : ['no content'];
  call.total = log.length;
  const end = limit === 0 ? undefined : start + limit;
  return log.slice(start, end).map((line, index) => ({ n: start + index + 1, t: line }));
}

/** GET /cluster/tasks: a token never sees its own tasks here unless it may see all. */
export function listClusterTasks({ world, who }: Call): unknown[] {
  const all = may(world, who.authid, '/', ['Sys.Audit']);
  const byNode = Map.groupBy(Object.values(world.state.tasks), task => task.node);
  const recent = [...byNode.values()].flatMap(list => list.slice(-BROADCAST));
  return recent
    .filter(task => all || owner(task.authid).user === who.authid)
    .sort((a, b) => b.starttime - a.starttime)
    .map(({ upid, node, starttime, type, id, authid, exitstatus, endtime }) => ({
      upid,
      node,
      starttime,
      type,
      id,
      ...owner(authid),
      saved: exitstatus === undefined ? '0' : '1',
      ...(exitstatus === undefined ? {} : { status: exitstatus, endtime }),
    }));
}
