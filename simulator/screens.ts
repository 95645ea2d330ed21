import { createConsoleServer, followCluster } from './screen/cluster.ts';
import { QemuFleet } from './screen/qemu-fleet.ts';
import { findQemu } from './screen/qemu-machine.ts';
import type { Simulator } from './simulator.ts';

/** How screens are to be. */
export interface ScreenOptions {
  /** Machines get real screens, as far as QEMU is installed. */
  qemu?: boolean;
  /** Hears of trouble that ends nothing. */
  report?: (problem: unknown) => void;
}

/** The screens of a cluster's machines, for `serve`'s option `console`. */
export function openScreens({ world }: Simulator, { qemu = false, report = () => {} }: ScreenOptions) {
  const program = qemu ? findQemu(process.env.PATH ?? '') : undefined;
  if (program === undefined) return { console: createConsoleServer(world), close: async () => {} };
  const fleet = new QemuFleet(program, report);
  const stopFollowing = followCluster(world, fleet);
  const close = async () => {
    stopFollowing();
    await fleet.close();
  };
  return { console: createConsoleServer(world, fleet), close };
}
