import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import { Command, Option } from 'commander';
import type { RunSimulatorOptions } from '#simulator/main.ts';
import { port } from './options.ts';

interface SimulatorFlags extends Omit<RunSimulatorOptions, 'seedFile' | 'faultsFile' | 'durationsFile' | 'report'> {
  seed?: string;
  faults?: string;
  durations?: string;
  ca?: string;
}

/** `berth simulator`: a simulated Proxmox VE on its own, for tests of any client. */
export function simulatorCommand(): Command {
  return new Command('simulator')
    .description('Run a simulated Proxmox VE alone: its API over HTTPS, from a description of a cluster.')
    .option('--host <address>', 'address to listen on', '127.0.0.1')
    .addOption(new Option('--port <port>', "port of the first node's API").default(8006).argParser(port))
    .option('--every-node', 'serve the API of every node, on the ports that follow', false)
    .addOption(new Option('--release <version>', 'the Proxmox VE to be').choices(['8.4', '9.2']).default('9.2'))
    .option(
      '--seed <file>',
      'description of the cluster, or a dump, as YAML or JSON; default: an example of three nodes',
    )
    .option('--faults <file>', 'rules by which calls go wrong, as YAML or JSON')
    .option('--durations <file>', 'how long kinds of work take, as YAML or JSON')
    .option('--virtual-clock', 'let time stand still until the control endpoint moves it', false)
    .addOption(new Option('--control-port <port>', 'port of the control endpoint').argParser(port))
    .option('--qemu', 'give running machines real screens, where qemu-system-x86_64 is installed', false)
    .addOption(new Option('--random <number>', 'the seed of all that is random').argParser(Number))
    .option('--ca <file>', 'write the certificate to verify it with to this file')
    .action(async ({ seed, faults, durations, ca, ...flags }: SimulatorFlags) => {
      const { runSimulator } = await import('#simulator/main.ts');
      const running = await runSimulator({
        ...flags,
        seedFile: seed,
        faultsFile: faults,
        durationsFile: durations,
        report: problem => console.error(problem),
      });
      if (ca !== undefined) await writeFile(ca, running.ca);
      for (const [node, { url, fingerprint }] of Object.entries(running.nodes)) {
        console.error(`${node}: ${url}, certificate ${fingerprint}`);
      }
      if (running.control) console.error(`control: ${running.control.url}`);
      await Promise.race([once(process, 'SIGINT'), once(process, 'SIGTERM')]);
      await running.close();
    });
}
