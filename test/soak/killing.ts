import { setTimeout as sleep } from 'node:timers/promises';
import type { Stage } from '#cli/demo/stage.ts';
import type { Random } from '#operator/core/quota/testing/random.ts';

/** Longest that an operator lives after it is ready: enough for a machine's whole life to be struck anywhere. */
const longestLifeMs = 3_000;

/** Longest that a change of Proxmox takes to arrive, and its answer to come back: a busy cluster over a slow network. */
const longestWayMs = 150;

/** Runs one operator after another and kills each at a random instant. Answers how often a change was under way. */
export async function killOperators({ proxmox, startOperator }: Stage, kills: number, random: Random): Promise<number> {
  let changesUnderWay = 0;
  proxmox.intercept = async ({ method }, answer) => {
    if (method === 'GET') return answer();
    changesUnderWay += 1;
    try {
      await sleep(random.integer(longestWayMs));
      const answered = await answer();
      await sleep(random.integer(longestWayMs));
      return answered;
    } finally {
      changesUnderWay -= 1;
    }
  };
  let struck = 0;
  for (let kill = 1; kill <= kills; kill++) {
    const operator = await startOperator('--log-level', 'warn');
    await sleep(random.integer(longestLifeMs));
    if (changesUnderWay > 0) struck += 1;
    await operator.kill();
  }
  proxmox.intercept = (_request, answer) => answer();
  return struck;
}
