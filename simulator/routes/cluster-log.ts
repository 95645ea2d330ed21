import { may } from '../auth/permissions.ts';
import { type Call, type Handlers, number, seconds, type World } from '../engine/world.ts';

/** The log keeps this many lines. */
const KEPT = 500;

/** Writes a line of the cluster's log. */
export function logToCluster(world: World, node: string, user: string, msg: string): void {
  const { log } = world.state;
  log.push({ uid: (log.at(-1)?.uid ?? 0) + 1, node, user, msg, time: seconds(world) });
  if (log.length > KEPT) log.shift();
}

/** GET /cluster/log: all lines for auditors, else one's own; the last one first. */
export const clusterLog: Handlers = {
  'GET /cluster/log': ({ world, who, params }: Call) => {
    const all = may(world, who.authid, '/', ['Sys.Syslog']);
    return world.state.log
      .filter(line => all || line.user === who.authid)
      .slice(-(number(params, 'max') ?? 50))
      .reverse()
      .map(line => ({
        ...line,
        uid: String(line.uid),
        id: `${line.uid}:${line.node}`,
        pid: 1,
        tag: 'pvedaemon',
        pri: 6,
      }));
  },
};
