import { Command } from 'commander';

export function simulatorCommand(): Command {
  return new Command('simulator').description('Run the simulated Proxmox VE alone.');
}
