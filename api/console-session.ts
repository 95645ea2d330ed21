import { z } from 'zod';
import { asSet, cel, immutable } from './cel.ts';
import { conditions, observedGeneration } from './conditions.ts';
import { resourceName } from './names.ts';

const time = () => z.iso.datetime();

/** Who wants to see which machine. Nothing in it is secret: the verifier behind the challenge never leaves its maker. */
export const consoleSessionSpec = z
  .object({
    vmName: resourceName().describe('Name of the VirtualMachine, in the same namespace.'),
    type: z.enum(['VNC', 'Serial']).default('VNC').describe('The screen, or the serial port as text.'),
    mode: z
      .enum(['Interactive', 'ViewOnly'])
      .default('Interactive')
      .describe('Whether keys and mouse reach the machine.'),
    requester: z.string().min(1).max(253).describe('User name of who asks. It must be the name of who creates this.'),
    requesterGroups: z
      .array(z.string().min(1).max(253))
      .max(128)
      .meta(asSet)
      .optional()
      .describe('Groups of who asks, all of them, as `kubectl auth whoami` shows them.'),
    challenge: z
      .string()
      .max(43)
      .regex(/^[A-Za-z0-9_-]{43}$/)
      .describe('SHA-256 of the verifier, a text that only its maker knows, in base64url without padding.'),
  })
  .meta(immutable('ConsoleSession.spec'));

export type ConsoleSessionSpec = z.infer<typeof consoleSessionSpec>;

/** Why a console ended. */
export const endReason = z.enum([
  'Closed',
  'Expired',
  'Refused',
  'Idle',
  'TimeLimit',
  'Revoked',
  'Unverified',
  'MachineStopped',
  'MachineDeleted',
  'ProxmoxFailed',
  'ProxyStopped',
  'Lost',
]);

export type EndReason = z.infer<typeof endReason>;

/** How far a session is. The console-proxy writes what follows the redemption, the operator the rest. */
export const consoleSessionStatus = z
  .object({
    observedGeneration: observedGeneration(),
    conditions: conditions(),
    vmUID: z.string().max(36).optional().describe('UID of the machine that the session is for.'),
    url: z.string().max(512).optional().describe('Where to send the verifier, by POST. It holds no secret.'),
    expiresAt: time().optional().describe('Until when the session can be opened.'),
    redeemedAt: time().optional().describe('When it was opened. That happens once.'),
    redeemedBy: z.string().max(253).optional().describe('The console-proxy that opened it.'),
    ticketHash: z
      .string()
      .max(43)
      .optional()
      .describe('SHA-256 of the cookie that its browser got, in base64url: any console-proxy can check it.'),
    connection: z
      .string()
      .max(64)
      .optional()
      .describe('The connection that shows it now; another one takes over from it.'),
    endsAt: time().optional().describe('When it ends at the latest.'),
    lastSeenAt: time().optional().describe('When the console-proxy last said that it is open; every few minutes.'),
    endedAt: time().optional().describe('When it ended.'),
    endReason: endReason.optional().describe('Why it ended.'),
    bytesIn: z.int().min(0).optional().describe('Bytes that went to the machine.'),
    bytesOut: z.int().min(0).optional().describe('Bytes that came from it.'),
  })
  .meta(
    cel(
      {
        rule: '!has(oldSelf.redeemedAt) || (has(self.redeemedAt) && self.redeemedAt == oldSelf.redeemedAt)',
        message: 'a session is opened once',
        reason: 'FieldValueForbidden',
      },
      {
        rule: '!has(oldSelf.redeemedBy) || (has(self.redeemedBy) && self.redeemedBy == oldSelf.redeemedBy)',
        message: 'a session is opened once',
        reason: 'FieldValueForbidden',
      },
      {
        rule: '!has(oldSelf.ticketHash) || (has(self.ticketHash) && self.ticketHash == oldSelf.ticketHash)',
        message: 'a session is opened once',
        reason: 'FieldValueForbidden',
      },
      {
        rule: '!has(oldSelf.endedAt) || (has(self.endedAt) && self.endedAt == oldSelf.endedAt)',
        message: 'a session ends once',
        reason: 'FieldValueForbidden',
      },
    ),
  );

export type ConsoleSessionStatus = z.infer<typeof consoleSessionStatus>;

/** A console that somebody wants to open. */
export const consoleSession = {
  kind: 'ConsoleSession',
  plural: 'consolesessions',
  // `cs` is that of componentstatuses.
  shortNames: ['vmcon'],
  namespaced: true,
  description: 'ConsoleSession lets one person open the console of one VirtualMachine, once and soon.',
  spec: consoleSessionSpec,
  status: consoleSessionStatus,
  rules: [],
  columns: [
    { name: 'VM', type: 'string', jsonPath: '.spec.vmName' },
    { name: 'Type', type: 'string', jsonPath: '.spec.type' },
    { name: 'Requester', type: 'string', jsonPath: '.spec.requester' },
    { name: 'Ready', type: 'string', jsonPath: '.status.conditions[?(@.type=="Ready")].status' },
    { name: 'Reason', type: 'string', jsonPath: '.status.conditions[?(@.type=="Ready")].reason' },
    { name: 'Opened', type: 'date', jsonPath: '.status.redeemedAt' },
    { name: 'Message', type: 'string', jsonPath: '.status.conditions[?(@.type=="Ready")].message', priority: 1 },
    { name: 'Age', type: 'date', jsonPath: '.metadata.creationTimestamp' },
  ],
  selectableFields: ['.spec.vmName', '.spec.requester'],
} as const;
