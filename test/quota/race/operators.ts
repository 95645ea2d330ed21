import { readFile } from 'node:fs/promises';
import { parseAllDocuments } from 'yaml';
import type { BerthProcess } from '#cli/demo/berth-process.ts';
import type { Stage } from '#cli/demo/stage.ts';
import { webhookConfigurations } from '#kube/builtin.ts';
import { leases } from '#kube/lease-record.ts';
import type { KubeObject } from '#kube/resource.ts';
import { configurationName, paths } from '#operator/admission/configuration.ts';
import { freePort } from '../../control-plane/port.ts';
import { balance } from '../balancer.ts';

/** How the two operators of a race run. */
export interface Setting {
  /** Down: the quota webhook is not installed, and nobody is told at once. */
  webhook: 'up' | 'down';
  /** Off: both lead at once. */
  election: 'on' | 'off';
}

/** Two operators, each of which may be killed. */
export interface Operators {
  /** Kills one of them without a word, whatever it is at, and starts it again; does nothing while one is being started. */
  strike: () => Promise<void>;
  /** How many were killed, and how many of those led; both lead where there is no election. */
  kills: () => { kills: number; leadersKilled: number };
  /** Takes the webhook away; the processes end with the stage. */
  close: () => Promise<void>;
}

/** Starts two operators, with the webhook behind one address as behind a Service. */
export async function startOperators(stage: Stage, { webhook, election }: Setting): Promise<Operators> {
  const ports = [await freePort(), await freePort()];
  const balancer = await balance(ports);
  if (webhook === 'up') await installWebhook(stage, `https://127.0.0.1:${balancer.port}`);
  const start = (port: number) =>
    stage.startOperator(
      ...(webhook === 'up' ? ['--webhook-port', String(port), '--webhook-host', '127.0.0.1'] : []),
      ...(election === 'on' ? ['--leader-elect'] : []),
    );
  const running: { process: BerthProcess; port: number }[] = [];
  for (const port of ports) running.push({ process: await start(port), port });
  const killed = { kills: 0, leadersKilled: 0 };
  let striking: Promise<void> = Promise.resolve();
  let isStriking = false;

  async function killOne(): Promise<void> {
    const leading = await Promise.all(running.map(({ process }) => leads(process)));
    // The first one leads, so that every race has seen that.
    const first = killed.leadersKilled === 0 ? leading.indexOf(true) : -1;
    const index = first >= 0 ? first : Math.floor(Math.random() * running.length);
    const victim = running[index];
    if (!victim) return;
    const led = leading[index] === true;
    await victim.process.kill();
    killed.kills += 1;
    if (led) killed.leadersKilled += 1;
    if (led && election === 'on') await shortenLease(stage);
    victim.process = await startAgain(() => start(victim.port));
  }

  return {
    kills: () => killed,
    async strike() {
      if (isStriking) return;
      isStriking = true;
      striking = killOne().finally(() => {
        isStriking = false;
      });
      await striking;
    },
    async close() {
      await striking.catch(() => {});
      await stage.kubectl('delete', 'validatingwebhookconfiguration', configurationName, '--ignore-not-found');
      for (const { process } of running) await process.stop();
      balancer.close();
    },
  };
}

/** Whether an operator leads, or waits for the lease. */
async function leads({ metricsUrl }: BerthProcess): Promise<boolean> {
  const answer = await fetch(metricsUrl.replace('/metrics', '/readyz')).catch(() => undefined);
  return answer?.ok === true && !(await answer.text()).includes('waits for the lease');
}

/** The dead have 15 s until they are followed; a second is enough for a race. The new leader's fence stays as it is. */
async function shortenLease({ kube }: Stage): Promise<void> {
  const key = { namespace: 'berth-system', name: 'berth-operator' };
  await kube.patch(leases, key, { spec: { leaseDurationSeconds: 1 } });
}

/** How often it is tried to start one: a busy machine may take longer than a person would wait. */
const mostTries = 5;

async function startAgain(start: () => Promise<BerthProcess>): Promise<BerthProcess> {
  for (let tries = 1; ; tries++) {
    try {
      return await start();
    } catch (error) {
      if (tries >= mostTries) throw error;
    }
  }
}

/** The chart's configuration, at an address of this machine. */
async function installWebhook({ kube }: Stage, url: string): Promise<void> {
  const documents = parseAllDocuments(await readFile('charts/berth/admission/webhook.yaml', 'utf8'));
  type Configuration = KubeObject & { webhooks: { clientConfig: object }[] };
  const [, configuration] = documents.map(document => document.toJS() as Configuration);
  if (!configuration) throw new Error('the chart has no ValidatingWebhookConfiguration');
  const webhooks = configuration.webhooks.map((webhook, index) => ({
    ...webhook,
    clientConfig: { url: `${url}${paths[index]}` },
  }));
  await kube.create(webhookConfigurations, { ...configuration, webhooks } as KubeObject);
}
