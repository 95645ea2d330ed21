import { setFlagsFromString } from 'node:v8';
import { Command, InvalidArgumentError, Option } from 'commander';
import type { ConsoleProxyFlags } from '#console-proxy/main.ts';
import { origin, port } from './options.ts';

/** `berth console-proxy`: opens the consoles of machines to browsers. */
export function consoleProxyCommand(): Command {
  return new Command('console-proxy')
    .description('Run the console-proxy: it shows the consoles of machines in browsers.')
    .addOption(
      new Option('--origin <origin>', 'where people reach it, a host name of its own')
        .makeOptionMandatory()
        .argParser(origin),
    )
    .addOption(
      new Option('--portal-origin <origin>', 'a portal that may open consoles; may be repeated')
        .default([], 'none')
        .argParser((text, before: string[]) => [...before, origin(text)]),
    )
    .option('--kubeconfig <file>', "kubeconfig to use; default: KUBECONFIG, ~/.kube/config, or the pod's own")
    .addOption(new Option('--port <port>', 'port to listen on').default(8443).argParser(port))
    .option('--host <host>', 'address to listen on', '0.0.0.0')
    .option('--tls-cert <file>', 'certificate, PEM; without it, TLS must end in front of it')
    .option('--tls-key <file>', 'key of the certificate, PEM')
    .addOption(
      new Option('--probe-port <port>', 'port of /healthz, /readyz and /metrics').default(8081).argParser(port),
    )
    .option('--probe-host <host>', 'address to serve them on', '0.0.0.0')
    .addOption(
      new Option('--log-level <level>', 'what is logged').choices(['debug', 'info', 'warn', 'error']).default('info'),
    )
    .addOption(new Option('--max-sessions <count>', 'most consoles at a time').default(600).argParser(count))
    .addOption(
      new Option('--max-per-node <count>', 'most of them of machines on one node').default(40).argParser(count),
    )
    .addOption(
      new Option('--drain-seconds <seconds>', 'how long open consoles stay when it is stopped')
        .default(600)
        .argParser(count),
    )
    .addOption(
      new Option('--linger-seconds <seconds>', 'how long it takes new ones when it is stopped')
        .default(5)
        .argParser(count),
    )
    .action(async (flags: ConsoleProxyFlags) => {
      // A process of many quiet connections: V8 is to save memory rather than time.
      setFlagsFromString('--optimize-for-size');
      setFlagsFromString('--max-semi-space-size=4');
      const { runConsoleProxy } = await import('#console-proxy/main.ts');
      process.exitCode = await runConsoleProxy(flags);
    });
}

function count(text: string): number {
  const value = Number(text);
  if (Number.isInteger(value) && value >= 0 && value <= 100_000) return value;
  throw new InvalidArgumentError(`"${text}" is not a whole number from 0 to 100000.`);
}
