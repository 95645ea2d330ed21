import { Command } from 'commander';
import type { ConsoleFlags } from './console/run.ts';

/** `berth console VM`: opens the console of a machine. As `kubectl-berth` in the PATH it is `kubectl berth console VM`. */
export function consoleCommand(): Command {
  return new Command('console')
    .description('Open the console of a virtual machine: its screen in a browser, or its serial port right here.')
    .argument('<vm>', 'name of the VirtualMachine')
    .option('-n, --namespace <name>', 'namespace of the machine; default: that of the current context')
    .option('--kubeconfig <file>', 'kubeconfig to use; default: KUBECONFIG or ~/.kube/config')
    .option('--context <name>', 'context of the kubeconfig to use')
    .option('--serial', 'attach this terminal to the serial port; Ctrl-] leaves', false)
    .option('--view-only', 'look, but do not type', false)
    .option('--print', 'print the address to open instead of opening a browser; it works once, for a minute', false)
    .option('--ca <file>', 'certificate, PEM, to trust the console by, with --serial')
    .action(async (vm: string, flags: ConsoleFlags) => {
      const { runConsole } = await import('./console/run.ts');
      process.exitCode = await runConsole(vm, flags);
    });
}
