#!/usr/bin/env node
import { enableCompileCache } from 'node:module';
import { Command } from 'commander';
import { consoleCommand } from './console.ts';
import { consoleProxyCommand } from './console-proxy.ts';
import { demoCommand } from './demo/command.ts';
import { operatorCommand } from './operator.ts';
import { portalCommand } from './portal.ts';
import { simulatorCommand } from './simulator.ts';
import { tenantCommand } from './tenant.ts';

// Compiling takes most of a start's time and memory. Each command loads its own part only when it runs.
enableCompileCache();

const program = new Command('berth')
  .description('Self-service virtual machines on Proxmox VE, declared as Kubernetes resources.')
  .addCommand(operatorCommand())
  .addCommand(portalCommand())
  .addCommand(consoleCommand())
  .addCommand(consoleProxyCommand())
  .addCommand(tenantCommand())
  .addCommand(simulatorCommand())
  .addCommand(demoCommand());

await program.parseAsync();
