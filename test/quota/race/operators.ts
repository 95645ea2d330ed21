import { readFile } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseAllDocuments } from 'yaml';
import type { BerthProcess } from '#cli/demo/berth-process.ts';
import type { Stage } from '#cli/demo/stage.ts';
import { webhookConfigurations } from '#kube/builtin.ts';
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
  /** Kills one after another without a word, each while whatever is under way; answers how many. */
  killAtRandom: (stop: AbortSignal) => Promise<number>;
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
  // A lease must expire, and a fence pass, before another leads: with kills as quick as without, nobody ever would.
  const [leastMs, mostMs] = election === 'on' ? [35_000, 60_000] : [2_000, 8_000];
  return {
    async killAtRandom(stop) {
      for (let kills = 0; ; kills++) {
        await sleep(leastMs + Math.random() * (mostMs - leastMs), undefined, { signal: stop }).catch(() => {});
        const victim = running[Math.floor(Math.random() * running.length)];
        if (!victim || stop.aborted) return kills;
        await victim.process.kill();
        victim.process = await startAgain(() => start(victim.port), stop);
      }
    },
    async close() {
      await stage.kubectl('delete', 'validatingwebhookconfiguration', configurationName, '--ignore-not-found');
      for (const { process } of running) await process.stop();
      balancer.close();
    },
  };
}

/** A busy machine may take longer to start one than a person would wait. */
async function startAgain(start: () => Promise<BerthProcess>, stop: AbortSignal): Promise<BerthProcess> {
  for (;;) {
    try {
      return await start();
    } catch (error) {
      if (stop.aborted) throw error;
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
