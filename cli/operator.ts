import { setFlagsFromString } from 'node:v8';
import { Command, Option } from 'commander';
import type { OperatorFlags } from '#operator/main.ts';
import { origin, port } from './options.ts';

/** `berth operator`: makes Proxmox VE match the VirtualMachines of a Kubernetes cluster. */
export function operatorCommand(): Command {
  return new Command('operator')
    .description('Run the operator: it makes Proxmox VE match the VirtualMachines of a Kubernetes cluster.')
    .option('--kubeconfig <file>', "kubeconfig to use; default: KUBECONFIG, ~/.kube/config, or the pod's own")
    .option('--cluster-id <id>', 'id of this Kubernetes cluster in Proxmox; default: the UID of kube-system')
    .option('--namespace <name>', 'namespace of the lease', 'berth-system')
    .option('--leader-elect', 'let only one of several operators act', false)
    .addOption(
      new Option('--probe-port <port>', 'port of /healthz, /readyz and /metrics').default(8081).argParser(port),
    )
    .option('--probe-host <host>', 'address to serve them on', '0.0.0.0')
    .addOption(
      new Option('--log-level <level>', 'what is logged').choices(['debug', 'info', 'warn', 'error']).default('info'),
    )
    .addOption(
      new Option('--webhook-port <port>', 'port of the quota webhook; without it none is served').argParser(port),
    )
    .option('--webhook-host <host>', 'address to serve it on', '0.0.0.0')
    .option('--webhook-loopback', 'have the API server of this machine call it on the loopback interface', false)
    .addOption(
      new Option('--figures-port <port>', "port of the machines' figures; without it none are served").argParser(port),
    )
    .option('--figures-host <host>', 'address to serve them on', '0.0.0.0')
    .option('--mirror-quotas', 'mirror the number of machines of each VmQuota to a native ResourceQuota', false)
    .addOption(
      new Option(
        '--console-url <origin>',
        'where people reach the console-proxy, as https://console.example.org',
      ).argParser(origin),
    )
    .action(async (flags: OperatorFlags) => {
      // An operator waits more than it computes: V8 is to save memory rather than time.
      setFlagsFromString('--optimize-for-size');
      setFlagsFromString('--max-semi-space-size=4');
      const { runOperator } = await import('#operator/main.ts');
      process.exitCode = await runOperator(flags);
    });
}
