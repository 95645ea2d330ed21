import type { VirtualMachine, VmOperation, VmSnapshot } from '#api/kinds.ts';
import type {
  ConsoleAnswer,
  ConsoleRequest,
  CreateRequest,
  DeleteRequest,
  IsoApproval,
  LogoutAnswer,
  MachineAnswer,
  OperationRequest,
  PatchRequest,
  SnapshotRequest,
  WrittenMachine,
} from '#portal/api.ts';
import type { PowerAction } from '../machine/abilities.ts';
import { ApiError, machinePath, request } from './request.ts';

/** Where a machine is. */
export interface Place {
  namespace: string;
  name: string;
}

/** Makes a machine. */
export function createMachine({ metadata, spec }: VirtualMachine): Promise<WrittenMachine> {
  const body: CreateRequest = { metadata: { name: metadata.name }, spec };
  return request(`/api/v1/namespaces/${encodeURIComponent(metadata.namespace ?? '')}/machines`, {
    method: 'POST',
    body,
  });
}

/** Changes the spec of a machine by a JSON merge patch. */
function patchMachine(
  { namespace, name }: Place,
  spec: Record<string, unknown>,
  resourceVersion?: string,
): Promise<WrittenMachine> {
  const body: PatchRequest = { ...(resourceVersion && { metadata: { resourceVersion } }), spec };
  return request(machinePath(namespace, name), { method: 'PATCH', body });
}

/** The operator writes often while it works on a machine; it is not long at it. */
const mostConflicts = 5;

/**
 * Changes the spec of the machine that a person has seen. Where only its status has changed meanwhile it is tried
 * again; where somebody else has changed its spec the conflict is thrown.
 */
export async function changeMachine(seen: VirtualMachine, spec: Record<string, unknown>): Promise<void> {
  const { namespace = '', name } = seen.metadata;
  let { resourceVersion } = seen.metadata;
  for (let conflicts = 0; ; conflicts += 1) {
    try {
      await patchMachine({ namespace, name }, spec, resourceVersion);
      return;
    } catch (error) {
      if (!(error instanceof ApiError) || error.code !== 'Conflict' || conflicts >= mostConflicts) throw error;
      const { object } = await request<MachineAnswer>(machinePath(namespace, name));
      if (object.metadata.generation !== seen.metadata.generation) throw error;
      resourceVersion = object.metadata.resourceVersion;
    }
  }
}

/** Deletes this very machine, and not another one that has its name by now. */
export function deleteMachine({ namespace, name }: Place, uid: string): Promise<void> {
  const body: DeleteRequest = { uid };
  return request(machinePath(namespace, name), { method: 'DELETE', body });
}

/** Takes a snapshot of a machine. */
export const takeSnapshot = ({ namespace, name }: Place, body: SnapshotRequest): Promise<void> =>
  request(`${machinePath(namespace, name)}/snapshots`, { method: 'POST', body });

/** Removes this very snapshot. */
export function deleteSnapshot({ namespace, name }: Place, { metadata }: VmSnapshot): Promise<void> {
  const body: DeleteRequest = { uid: metadata.uid ?? '' };
  const path = `${machinePath(namespace, name)}/snapshots/${encodeURIComponent(metadata.name)}`;
  return request(path, { method: 'DELETE', body });
}

/** Asks for a machine to be taken back to a snapshot; answers the operation. */
export async function rollBack({ namespace, name }: Place, { metadata }: VmSnapshot): Promise<VmOperation> {
  const body: OperationRequest = { type: 'Rollback', rollback: { snapshotName: metadata.name } };
  const path = `${machinePath(namespace, name)}/operations`;
  return (await request<{ object: VmOperation }>(path, { method: 'POST', body })).object;
}

/** What each power action writes. A restart or reset is an operation, the others are what is desired from now on. */
export async function changePower(place: Place, action: PowerAction, machine: VirtualMachine): Promise<void> {
  if (action === 'Restart' || action === 'Reset') {
    const body: OperationRequest = { type: action };
    await request(`${machinePath(place.namespace, place.name)}/operations`, { method: 'POST', body });
    return;
  }
  await patchMachine(place, powerPatch(action, machine));
}

/**
 * The patch of a power action. Pulling the plug is written as the shutdown mode, since that is where the operator
 * reads it; the next ordinary action takes it back.
 */
export function powerPatch(action: Exclude<PowerAction, 'Restart' | 'Reset'>, { spec }: VirtualMachine) {
  if (action === 'Stop') return { powerState: 'Stopped', shutdown: { mode: 'Hard' } };
  const wasPulled = spec.shutdown?.mode === 'Hard';
  const powerState = ({ Start: 'Running', Shutdown: 'Stopped', Pause: 'Paused' } as const)[action];
  return { powerState, ...(wasPulled && { shutdown: { mode: null } }) };
}

const base64url = (bytes: Uint8Array): string =>
  btoa(String.fromCharCode(...bytes))
    .replaceAll('+', '-')
    .replaceAll('/', '_')
    .replaceAll('=', '');

/**
 * Opens the console of a machine in a window of its own, which must be opened by the click itself or the browser holds
 * it back. The verifier travels in the body of a form and in no URL. Throws what the API refused.
 */
export async function openConsole(
  { namespace, name }: Place,
  window: Window,
  { type = 'VNC', mode = 'Interactive' }: Partial<Pick<ConsoleRequest, 'type' | 'mode'>> = {},
): Promise<void> {
  const verifier = base64url(crypto.getRandomValues(new Uint8Array(32)));
  const hash = await crypto.subtle.digest('SHA-256', new TextEncoder().encode(verifier));
  const body: ConsoleRequest = { type, mode, challenge: base64url(new Uint8Array(hash)) };
  const path = `${machinePath(namespace, name)}/console`;
  const { url } = await request<ConsoleAnswer>(path, { method: 'POST', body });
  const form = document.createElement('form');
  form.method = 'POST';
  form.action = url;
  form.target = window.name;
  const field = document.createElement('input');
  field.type = 'hidden';
  field.name = 'verifier';
  field.value = verifier;
  form.append(field);
  document.body.append(form);
  form.submit();
  form.remove();
}

/** Approves an ISO image of a cluster under a name, or with null not any more. */
export const approveIso = (cluster: string, body: IsoApproval): Promise<void> =>
  request(`/api/v1/clusters/${encodeURIComponent(cluster)}/isos`, { method: 'PUT', body });

/** Keeps the choice of a language at the server, too. */
export const keepLanguage = (language: 'en' | 'fr'): Promise<void> =>
  request('/api/v1/profile', { method: 'PUT', body: { language } });

/** Ends the session here; answers where to go to end it at the issuer. */
export const signOut = (): Promise<LogoutAnswer> => request('/auth/logout', { method: 'POST', body: {} });
