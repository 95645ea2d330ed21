import { QueryClient, useQuery } from '@tanstack/react-query';
import { useMemo } from 'react';
import type {
  Catalogue,
  EventList,
  IsoList,
  MachineAnswer,
  MachineList,
  MachineMetrics,
  MetricRange,
  QuotaList,
  SessionInfo,
  SnapshotList,
  VersionInfo,
} from '#portal/api.ts';
import { keys } from './keys.ts';
import { ApiError, machinePath, request } from './request.ts';

/** Only what may heal by itself is asked for again; a refusal stays one. */
const worthAnotherTry = (failures: number, error: unknown): boolean =>
  failures < 3 && error instanceof ApiError && (error.status === 0 || error.status >= 500);

/** Makes the page's memory of answers. The stream keeps machines and quotas fresh, so nothing goes stale by age. */
export const createQueryClient = (): QueryClient =>
  new QueryClient({
    defaultOptions: {
      queries: {
        staleTime: Number.POSITIVE_INFINITY,
        refetchOnWindowFocus: false,
        refetchOnReconnect: false,
        retry: worthAnotherTry,
        // The page's own requests go to the portal, which may be there while the machine is "offline".
        networkMode: 'always',
      },
      mutations: { networkMode: 'always' },
    },
  });

/** Who is signed in; an error with status 401 where nobody is. */
export const useSession = () =>
  useQuery({ queryKey: keys.session, queryFn: ({ signal }) => request<SessionInfo>('/api/v1/session', { signal }) });

/** The session of who is signed in. Only for components that are shown to them. */
export function useSignedIn(): SessionInfo {
  const { data } = useSession();
  if (!data) throw new Error('nobody is signed in');
  return data;
}

/** What this is, and which version of it. */
export const useVersion = () =>
  useQuery({ queryKey: keys.version, queryFn: ({ signal }) => request<VersionInfo>('/api/v1/version', { signal }) });

/** All machines that the person may see. */
export const useMachines = () =>
  useQuery({
    queryKey: keys.machines,
    queryFn: ({ signal }) => request<MachineList>('/api/v1/machines', { signal }),
    // Comparing a thousand machines deeply with each change would cost more than it saves.
    structuralSharing: false,
  });

/** The quotas of the person's teams. */
export const useQuotas = () =>
  useQuery({ queryKey: keys.quotas, queryFn: ({ signal }) => request<QuotaList>('/api/v1/quotas', { signal }) });

/** What machines can be made from and with. */
export const useCatalogue = () =>
  useQuery({
    queryKey: keys.catalogue,
    queryFn: ({ signal }) => request<Catalogue>('/api/v1/catalogue', { signal }),
    staleTime: 60_000,
  });

/** The ISO images that Proxmox has; only administrators may ask. */
export const useIsos = (enabled: boolean) =>
  useQuery({
    queryKey: keys.isos,
    queryFn: ({ signal }) => request<IsoList>('/api/v1/isos', { signal }),
    enabled,
    staleTime: 0,
  });

/** One machine with the person's rights on it; the object is the live one of the list where that has it. */
export function useMachine(namespace: string, name: string) {
  const list = useMachines();
  const own = useQuery({
    queryKey: keys.machine(namespace, name),
    queryFn: ({ signal }) => request<MachineAnswer>(machinePath(namespace, name), { signal }),
  });
  const live = useMemo(
    () => list.data?.items.find(({ metadata }) => metadata.namespace === namespace && metadata.name === name),
    [list.data, namespace, name],
  );
  return { ...own, machine: live ?? own.data?.object, can: own.data?.can };
}

/** What happened to a machine. */
export const useEvents = (namespace: string, name: string) =>
  useQuery({
    queryKey: keys.events(namespace, name),
    queryFn: ({ signal }) => request<EventList>(`${machinePath(namespace, name)}/events`, { signal }),
  });

/** The snapshots of a machine; the stream tells of changes. */
export const useSnapshots = (namespace: string, name: string) =>
  useQuery({
    queryKey: keys.snapshots(namespace, name),
    queryFn: ({ signal }) => request<SnapshotList>(`${machinePath(namespace, name)}/snapshots`, { signal }),
  });

/** The figures change with each poll of Proxmox and so are no part of the stream: they are read while looked at. */
const metricsMs = { now: 10_000, hour: 60_000, day: 300_000, week: 600_000 } as const;

/** How busy a machine is. */
export const useMetrics = (namespace: string, name: string, range: MetricRange, enabled = true) =>
  useQuery({
    queryKey: keys.metrics(namespace, name, range),
    queryFn: ({ signal }) =>
      request<MachineMetrics>(`${machinePath(namespace, name)}/metrics?range=${range}`, { signal }),
    enabled,
    refetchInterval: metricsMs[range],
    retry: false,
  });
