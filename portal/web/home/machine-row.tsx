import { memo } from 'react';
import { Link } from 'wouter';
import type { VmTemplate } from '#api/kinds.ts';
import type { TenantRights } from '#portal/api.ts';
import { useNow } from '../app/use-now.ts';
import { StateWord } from '../design/state-word.tsx';
import { useText } from '../i18n/use-text.ts';
import { addressesOf } from '../machine/addresses.ts';
import { OsMark } from '../machine/os-mark.tsx';
import { reasonText } from '../machine/reason.ts';
import type { Row } from './filter.ts';
import css from './machine-table.module.css';
import { RowActions } from './row-actions.tsx';

interface MachineRowProps {
  row: Row;
  index: number;
  template: VmTemplate | undefined;
  /** Whether the team is worth telling. */
  team: boolean;
  /** Undefined where the person sees this machine only and not its team. */
  can: TenantRights | undefined;
}

/** One machine of the list; it is made anew only when that machine changes. */
export const MachineRow = memo(function MachineRow({ row, index, template, team, can }: MachineRowProps) {
  const texts = useText();
  const now = useNow();
  const { t, size, number, ago } = texts;
  const { machine, name, namespace, state, attention, memoryMiB, diskMiB } = row;
  const { metadata, spec, status } = machine;
  const cpu = t('size.cpu', { count: spec.resources.cpu });
  const facts = [team && namespace, addressesOf(machine)[0]].filter(Boolean);
  return (
    <tr className={css.row} aria-rowindex={index}>
      <td className={css.name}>
        <OsMark name={spec.source.template?.name ?? spec.source.iso?.name ?? ''} template={template} />
        <div className={css.words}>
          <Link href={`/machines/${namespace}/${name}`} className={css.link}>
            {name}
          </Link>
          <span className={css.facts}>
            {facts.join(' · ') || (template?.spec.displayName ?? spec.source.template?.name ?? spec.source.iso?.name)}
          </span>
        </div>
      </td>
      <td className={css.state}>
        <StateWord state={state} />
        {attention && <span className={css.why}>{reasonText(attention, texts)}</span>}
      </td>
      <td className={css.cpu}>
        <span className="spoken">{cpu}</span>
        <span aria-hidden="true">{number(spec.resources.cpu)}</span>
      </td>
      <td className={css.memory}>
        {size(memoryMiB)} <span className="quiet">· {size(diskMiB)}</span>
      </td>
      <td className={css.vmid}>{status?.vmid ?? '—'}</td>
      <td className={css.age}>{metadata.creationTimestamp && ago(metadata.creationTimestamp, now)}</td>
      <td className={css.brief}>
        {cpu} · {size(memoryMiB)} · {size(diskMiB)}
      </td>
      <td className={css.actions}>{can && <RowActions machine={machine} state={state} can={can} />}</td>
    </tr>
  );
});
