import { Command } from 'commander';

/** `berth demo`: everything on this machine, with a simulated Proxmox VE. */
export function demoCommand(): Command {
  return new Command('demo')
    .description('Run Berth on this machine with a real Kubernetes API server and a simulated Proxmox VE.')
    .option(
      '--check',
      'run without a person: check in Proxmox that the examples run, delete them, check that none is left',
    )
    .option('--qemu', 'give running machines real screens, where qemu-system-x86_64 is installed', false)
    .option('--dir <folder>', 'folder for data, logs and the kubeconfig', '.cache/demo')
    .action(async (flags: { check?: boolean; qemu: boolean; dir: string }) => {
      const { runDemo } = await import('./demo.ts');
      process.exitCode = await runDemo({
        check: flags.check ?? false,
        qemu: flags.qemu,
        dir: flags.dir,
        env: process.env,
      });
    });
}
