import { randomBytes } from 'node:crypto';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { KubeConfig } from '@kubernetes/client-node';
import { pino } from 'pino';
import { type ConsoleSession, consoleSessions, type VirtualMachine, virtualMachines } from '#api/kinds.ts';
import { type DemoIssuer, startIssuer } from '#cli/demo/issuer.ts';
import { demoPrefix, groupBindings, people } from '#cli/demo/people.ts';
import { connect } from '#kube/connection.ts';
import { noMetrics } from '#kube/telemetry.ts';
import { defaultRateLimits } from '#portal/server/http/rate-limits.ts';
import { type Portal, type PortalOptions, startPortal } from '#portal/server/portal.ts';
import { parseKeys } from '#portal/server/session/keys.ts';
import { Browser } from '#portal/server/testing/browser.ts';
import { trustIssuers } from '../control-plane/authentication.ts';
import { selfSignedCertificate } from '../control-plane/certificate.ts';
import { freePort } from '../control-plane/port.ts';
import { untilAllowed } from '../control-plane/rights.ts';
import { eventually } from '../eventually.ts';
import { type Stage as TenantStage, tenant, tenantStage } from '../quota/stage.ts';

/** Two tenants, the people of the demo, their identity provider, and portals. */
export interface PortalStage extends TenantStage {
  issuer: DemoIssuer;
  origin: string;
  /** Where a second portal may be, which the identity provider knows, too. */
  secondOrigin: string;
  /** Namespaces of ada and vera, and of grace. */
  teamA: string;
  teamB: string;
  /** Lines that portals logged. */
  log: string[];
  /** Starts a portal on the stage's address, with the ServiceAccount and the rights that the chart installs. */
  start: (change?: Partial<PortalOptions>) => Promise<RunningPortal>;
  /** Gives sam a machine of team A by its name: to see it, and nothing else. */
  share: (name: string) => Promise<void>;
  /** Takes it away again. */
  unshare: () => Promise<void>;
  browser: (origin?: string) => Browser;
  /** A browser in which somebody is signed in. */
  signedIn: (name: string, origin?: string) => Promise<Browser>;
  close: () => Promise<void>;
}

/** A portal that can be stopped. */
export interface RunningPortal extends Portal {
  stop: () => Promise<void>;
}

/** How long sessions last, unless told otherwise: in all, and without being used. */
export const dayMs = 86_400_000;

/** Somebody who has no group, and is given single machines by name. */
const sam = { name: 'sam', displayName: 'Sam', groups: [], what: 'guest' };

/** The keys that every portal of the tests seals with, unless told otherwise. */
const sealingKeys = parseKeys(randomBytes(32).toString('base64'));

/** Sets the stage; no portal runs yet. */
export async function portalStage(): Promise<PortalStage> {
  const dir = await mkdtemp(join(tmpdir(), 'berth-portal-'));
  const world = await tenantStage();
  const { kubectl, controlPlane, kube } = world;
  await kubectl('apply', '-f', 'charts/berth/rbac/portal.yaml');
  const [teamA, teamB] = [await tenant(world), await tenant(world)];
  const bindings = groupBindings({ a: teamA, b: teamB });
  for (const { type, object } of bindings) await kube.apply(type, object, { fieldManager: 'test' });
  // A portal remembers for minutes where somebody sees nothing.
  for (const [group, namespace] of [
    ['team-a', teamA],
    ['team-a-viewers', teamA],
    ['team-b', teamB],
    ['berth-admins', teamB],
  ] as const) {
    const right = { verb: 'list', resource: 'virtualmachines', namespace };
    await untilAllowed(kube, { group: `${demoPrefix}${group}`, ...right });
  }
  const port = await freePort();
  const origin = `https://127.0.0.1:${port}`;
  const secondOrigin = `https://127.0.0.1:${await freePort()}`;
  const issuer = await startIssuer([...people, sam], [origin, secondOrigin]);
  const { authenticationFile } = controlPlane;
  if (!authenticationFile) throw new Error('the API server of the tests cannot be told of an issuer');
  await trustIssuers(authenticationFile, [trustOf(issuer)]);
  await writeFile(
    join(dir, 'index.html'),
    '<!doctype html><meta property="csp-nonce" nonce="__CSP_NONCE__"><div id="root">',
  );
  const tls = selfSignedCertificate(['127.0.0.1']);
  const kubeconfig = await controlPlane.serviceAccountKubeconfig(
    'berth-system',
    'berth-portal',
    join(dir, 'kubeconfig'),
  );
  const log: string[] = [];
  const browsers: Browser[] = [];
  const portals: RunningPortal[] = [];

  const browser = (at = origin) => {
    const made = new Browser(at, [tls.certificate, issuer.ca]);
    browsers.push(made);
    return made;
  };

  return {
    ...world,
    issuer,
    origin,
    secondOrigin,
    teamA,
    teamB,
    log,
    browser,
    async share(name) {
      await kubectl(
        '-n',
        teamA,
        'create',
        'role',
        'sees-one',
        '--verb=get',
        '--resource=virtualmachines.berth.dev',
        `--resource-name=${name}`,
      );
      await kubectl('-n', teamA, 'create', 'rolebinding', 'sees-one', '--role=sees-one', `--user=${demoPrefix}sam`);
      const right = { verb: 'get', resource: 'virtualmachines', namespace: teamA, name };
      await untilAllowed(kube, { user: `${demoPrefix}sam`, ...right });
    },
    async unshare() {
      await kubectl('-n', teamA, 'delete', 'rolebinding,role', 'sees-one');
    },
    async start(change = {}) {
      const stop = new AbortController();
      const config = new KubeConfig();
      config.loadFromFile(kubeconfig);
      const portal = await startPortal(
        {
          version: { name: 'Berth', version: '0.0.0', build: 'test' },
          publicOrigin: origin,
          pages: dir,
          trustedHops: 0,
          rateLimits: { ...defaultRateLimits, perAddress: 1e6, signInsPerAddress: 1e6, writesPerPerson: 1e6 },
          log: pino({ level: 'debug' }, { write: line => log.push(line) }),
          acting: 'impersonate',
          claims: {
            username: 'preferred_username',
            usernamePrefix: demoPrefix,
            groups: 'groups',
            groupsPrefix: demoPrefix,
          },
          keepsToken: true,
          kubeconfig: {
            server: controlPlane.url,
            ca: controlPlane.caFile ? await readFile(controlPlane.caFile, 'utf8') : '',
            login: { kind: 'token' },
            name: 'berth',
          },
          connection: connect(config, { userAgent: 'berth-portal' }),
          issuer: {
            issuer: issuer.url,
            clientId: issuer.clientId,
            clientSecret: issuer.clientSecret,
            ca: issuer.ca,
            scopes: 'openid profile email',
          },
          sessions: { idleMs: dayMs, absoluteMs: dayMs },
          keys: () => sealingKeys,
          runtimeMetrics: noMetrics,
          tls: { key: tls.key, cert: tls.certificate },
          host: '127.0.0.1',
          port,
          ...change,
        },
        stop.signal,
      );
      const running = {
        ...portal,
        async stop() {
          stop.abort();
          await portal.finished;
        },
      };
      portals.push(running);
      while (!portal.isReady()) await sleep(20);
      return running;
    },
    async signedIn(name, at = origin) {
      const made = browser(at);
      const answer = await made.signIn(name);
      if (answer.status !== 200) throw new Error(`${name} is not signed in: ${answer.status} ${answer.text}`);
      return made;
    },
    async close() {
      await Promise.all(browsers.map(made => made.close()));
      await Promise.all(portals.map(portal => portal.stop()));
      await issuer.close();
      if (authenticationFile) await trustIssuers(authenticationFile, []);
      for (const { type, object } of bindings) await kube.remove(type, object.metadata).catch(() => {});
      await kubectl('delete', 'namespace', teamA, teamB, '--wait=false');
      // Whoever comes next shall not have to do with them: there may be a thousand.
      for (const namespace of [teamA, teamB]) {
        await eventually(async () => {
          const { items } = await kube.list<VirtualMachine>(virtualMachines, { namespace });
          if (items.length > 0) throw new Error(`${items.length} machines are left`);
        }, 300_000);
      }
      await world.dismantle();
      await rm(dir, { recursive: true });
    },
  };
}

/** What the API server must know to take the tokens of the demo's identity provider, as the portal does. */
const trustOf = ({ url, ca, clientId }: DemoIssuer) => ({
  url,
  ca,
  audience: clientId,
  usernameClaim: 'preferred_username',
  usernamePrefix: demoPrefix,
  groupsClaim: 'groups',
  groupsPrefix: demoPrefix,
});

/** Says of the consoles of team A what the operator says, since none runs here, until the answer is called. */
export function answerConsoles(stage: PortalStage): () => Promise<void> {
  let goesOn = true;
  const answering = (async () => {
    while (goesOn) {
      await answerThoseOfNow(stage);
      await sleep(100);
    }
  })();
  return () => {
    goesOn = false;
    return answering;
  };
}

async function answerThoseOfNow({ kube, teamA: namespace }: PortalStage): Promise<void> {
  const { items } = await kube.list<ConsoleSession>(consoleSessions, { namespace }).catch(() => ({ items: [] }));
  for (const { metadata, status } of items.filter(({ status: told }) => !told?.url)) {
    const at = new Date().toISOString();
    const ready = { type: 'Ready', status: 'True', reason: 'Ready', message: '', lastTransitionTime: at } as const;
    const patch = { status: { ...status, url: 'https://console.example/s/1', expiresAt: at, conditions: [ready] } };
    const key = { namespace, name: metadata.name };
    await kube.patch(consoleSessions, key, patch, { subresource: 'status' }).catch(() => {});
  }
}
