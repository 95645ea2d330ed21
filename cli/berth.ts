#!/usr/bin/env node
import { Command } from 'commander';
import { demoCommand } from './demo/command.ts';
import { operatorCommand } from './operator.ts';
import { simulatorCommand } from './simulator.ts';
import { tenantCommand } from './tenant.ts';

const program = new Command('berth')
  .description('Self-service virtual machines on Proxmox VE, declared as Kubernetes resources.')
  .addCommand(operatorCommand())
  .addCommand(tenantCommand())
  .addCommand(simulatorCommand())
  .addCommand(demoCommand());

await program.parseAsync();
