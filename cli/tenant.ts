import { createInterface } from 'node:readline/promises';
import { Command } from 'commander';
import { stringify } from 'yaml';
import { createKubeClient, type KubeClient } from '#kube/client.ts';
import { connect } from '#kube/connection.ts';
import { deleteTenant } from './tenant-delete.ts';
import { type Member, parseLimits, parseMember, type TenantObject, tenantObjects } from './tenant-objects.ts';

/** Owner of the fields that this command applies. */
const fieldManager = 'berth-cli';

interface TenantFlags {
  quota: ReturnType<typeof parseLimits>;
  member: Member[];
  print: boolean;
  kubeconfig?: string;
}

/** `berth tenant`: namespaces that machines may be made in. */
export function tenantCommand(): Command {
  const create = new Command('create')
    .description('Make a namespace with a quota and members, or bring one up to date.')
    .argument('<name>', 'name of the namespace')
    .requiredOption('--quota <limits>', 'limits, as vms=10,cpu=40,memory=128Gi,storage=2Ti', parseLimits)
    .option(
      '--member <member>',
      'who gets a role: alice, alice=viewer, group:interns=viewer; roles are viewer, user (the default), namespace-admin',
      (text: string, members: Member[]) => [...members, parseMember(text)],
      [] as Member[],
    )
    .option('--print', 'print the YAML and change nothing', false)
    .option('--kubeconfig <file>', 'kubeconfig to use; default: KUBECONFIG or ~/.kube/config')
    .action(async (name: string, { quota, member, print, kubeconfig }: TenantFlags) => {
      const objects = tenantObjects(name, quota, member);
      if (print) process.stdout.write(objects.map(({ object }) => stringify(object)).join('---\n'));
      else await apply(objects, kubeconfig);
    });
  const remove = new Command('delete')
    .description('Delete a namespace with its machines and their disks, after its name was typed.')
    .argument('<name>', 'name of the namespace')
    .option('--confirm <name>', 'the name once more, where nobody can be asked')
    .option('--kubeconfig <file>', 'kubeconfig to use; default: KUBECONFIG or ~/.kube/config')
    .action(async (name: string, { confirm, kubeconfig }: { confirm?: string; kubeconfig?: string }) => {
      const ask = confirm === undefined ? askPerson : () => Promise.resolve(confirm);
      const talk = { ask, tell: (line: string) => console.log(line) };
      await withKube(kubeconfig, kube => deleteTenant(kube, name, talk)).catch((error: Error) =>
        remove.error(`error: ${error.message}`),
      );
    });
  return new Command('tenant')
    .description('Manage tenants: namespaces that machines may be made in.')
    .addCommand(create)
    .addCommand(remove);
}

async function apply(objects: TenantObject[], kubeconfig: string | undefined): Promise<void> {
  await withKube(kubeconfig, async kube => {
    for (const { type, object } of objects) {
      await kube.apply(type, object, { fieldManager, force: true });
      console.log(`${type.kind} ${object.metadata.name} applied`);
    }
  });
}

async function askPerson(question: string): Promise<string> {
  const lines = createInterface({ input: process.stdin, output: process.stdout });
  try {
    return await lines.question(question);
  } finally {
    lines.close();
  }
}

async function withKube<T>(kubeconfig: string | undefined, work: (kube: KubeClient) => Promise<T>): Promise<T> {
  // 80 MB of generated code, which no other command should load with this one.
  const { KubeConfig } = await import('@kubernetes/client-node');
  const config = new KubeConfig();
  if (kubeconfig) config.loadFromFile(kubeconfig);
  else config.loadFromDefault();
  const connection = connect(config, { userAgent: 'berth-cli' });
  try {
    return await work(createKubeClient(connection));
  } finally {
    await connection.close();
  }
}
