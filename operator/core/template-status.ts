import type { VmTemplate } from '#api/kinds.ts';
import type { VmTemplateStatus } from '#api/vm-template.ts';
import { withConditions } from './conditions.ts';
import type { MachineConfig } from './machine.ts';
import type { TemplateView } from './observed.ts';

/** What was found of a template in one ProxmoxCluster. */
export interface TemplateFinding {
  cluster: string;
  view: TemplateView;
  config?: MachineConfig;
}

/** The status of a VmTemplate: ready when every one of its sources can be cloned. */
export function templateStatusOf(template: VmTemplate, findings: TemplateFinding[], now: number): VmTemplateStatus {
  const before = template.status ?? {};
  const sources = findings.map(({ cluster, view, config }) => {
    const root = config?.disks.find(disk => disk.root);
    const message = view.usable ? notes(config) : view.message;
    return {
      cluster,
      ready: view.usable,
      ...(root && { rootDisk: `${root.sizeMiB}Mi` }),
      ...(message && { message }),
    };
  });
  const broken = findings.find(({ view }) => !view.usable);
  const ready =
    broken && !broken.view.usable
      ? { status: 'False' as const, reason: broken.view.reason, message: `${broken.cluster}: ${broken.view.message}` }
      : { status: 'True' as const, reason: 'Usable', message: 'The template can be cloned.' };
  const { generation } = template.metadata;
  return {
    observedGeneration: generation,
    sources,
    conditions: withConditions(before.conditions ?? [], [{ type: 'Ready', ...ready }], [], generation, now),
  };
}

/** What a clone takes over and Berth takes off again: harmless, but worth knowing. */
function notes(config: MachineConfig | undefined): string | undefined {
  if (!config) return undefined;
  const inherited = [
    ...(config.protection ? ['protection'] : []),
    ...(config.startAtBoot ? ['onboot'] : []),
    ...config.foreignKeys,
  ];
  return inherited.length > 0 ? `Set in the template and taken off its clones: ${inherited.join(', ')}.` : undefined;
}
