import { NativeSelect, NumberInput, Textarea, TextInput } from '@mantine/core';
import { useEffect, useState } from 'react';
import type { VmQuota } from '#api/kinds.ts';
import type { Catalogue } from '#portal/api.ts';
import { useText } from '../i18n/use-text.ts';
import css from './advanced-fields.module.css';
import type { FieldErrors } from './check.ts';
import form from './create-form.module.css';
import { advancedFields, type Draft } from './draft.ts';
import { errorText } from './error-text.ts';

interface AdvancedFieldsProps {
  draft: Draft;
  catalogue: Catalogue;
  quota: VmQuota | undefined;
  errors: FieldErrors;
  change: (next: Partial<Draft>) => void;
}

/** Access, network, disks and place: folded away, since Berth chooses well without. */
export function AdvancedFields({ draft, catalogue, quota, errors, change }: AdvancedFieldsProps) {
  const texts = useText();
  const { t } = texts;
  const wrong = Object.keys(errors).some(field => advancedFields.has(field as keyof Draft));
  const [opened, setOpened] = useState(false);
  // What is wrong must be seen.
  useEffect(() => {
    if (wrong) setOpened(true);
  }, [wrong]);
  const cluster = catalogue.clusters.find(({ name, default: usual }) =>
    draft.cluster ? name === draft.cluster : usual,
  );
  const allowed = quota?.spec.allowed;
  const bridges = cluster?.bridges.filter(({ name }) => allowed?.bridges?.includes(name) ?? true) ?? [];
  const storages = cluster?.storages.filter(({ name }) => allowed?.storages?.includes(name) ?? true) ?? [];
  const vlans = bridges.find(({ name }) => name === draft.bridge)?.vlans;
  const installs = draft.from === 'iso';
  const gib = texts.size(1024).replace(/^\S+/, '').trim();
  const error = (field: keyof Draft) => errorText(errors[field], texts);
  return (
    <details className={css.details} open={opened} onToggle={event => setOpened(event.currentTarget.open)}>
      <summary className={css.summary}>
        {t('create.more')}
        <span className="quiet small">{t('create.more.text')}</span>
      </summary>
      <div className={css.body}>
        {!installs && <h3>{t('create.access')}</h3>}
        <div className={form.pair}>
          {!installs && (
            <TextInput
              id="create-user"
              label={t('field.user')}
              description={t('field.user.hint')}
              value={draft.user}
              error={error('user')}
              autoComplete="off"
              onChange={event => change({ user: event.currentTarget.value })}
            />
          )}
          <TextInput
            id="create-hostname"
            label={t('field.hostname')}
            description={t('field.hostname.hint')}
            value={draft.hostname}
            error={error('hostname')}
            autoComplete="off"
            onChange={event => change({ hostname: event.currentTarget.value.toLowerCase() })}
          />
        </div>
        {!installs && (
          <Textarea
            id="create-sshKeys"
            label={t('field.sshKeys')}
            description={t('field.sshKeys.hint')}
            value={draft.sshKeys}
            error={error('sshKeys')}
            rows={2}
            spellCheck={false}
            classNames={{ input: 'mono' }}
            onChange={event => change({ sshKeys: event.currentTarget.value })}
          />
        )}
        <h3>{t('create.network')}</h3>
        <div className={form.pair}>
          <NativeSelect
            id="create-bridge"
            label={t('field.bridge')}
            description={t(installs ? 'field.bridge.installs' : 'field.bridge.hint')}
            value={draft.bridge}
            error={error('bridge')}
            onChange={event => change({ bridge: event.currentTarget.value, vlan: quota?.spec.isolationVlan ?? '' })}
            data={[
              { value: '', label: t(installs ? 'field.noNetwork' : 'field.asTemplate') },
              ...bridges.map(({ name }) => name),
            ]}
          />
          <NumberInput
            id="create-vlan"
            label={t('field.vlan')}
            description={
              vlans?.length
                ? t('field.vlan.ranges', { ranges: vlans.map(({ from, to }) => `${from}–${to}`).join(', ') })
                : t('field.vlan.hint')
            }
            value={draft.vlan}
            disabled={!draft.bridge}
            min={1}
            max={4094}
            allowDecimal={false}
            error={error('vlan')}
            onChange={value => change({ vlan: typeof value === 'number' ? value : '' })}
          />
        </div>
        <h3>{t('create.disks')}</h3>
        <div className={form.pair}>
          <NumberInput
            id="create-dataDiskGiB"
            label={t('field.dataDiskGiB')}
            description={t('field.dataDiskGiB.hint')}
            value={draft.dataDiskGiB}
            min={1}
            suffix={` ${gib}`}
            allowDecimal={false}
            error={error('dataDiskGiB')}
            onChange={value => change({ dataDiskGiB: typeof value === 'number' ? value : '' })}
          />
          <NativeSelect
            id="create-storage"
            label={t('field.storage')}
            description={t('field.storage.hint')}
            value={draft.storage}
            error={error('storage')}
            onChange={event => change({ storage: event.currentTarget.value })}
            data={[{ value: '', label: t('field.automatic') }, ...storages.map(({ name }) => name)]}
          />
          {catalogue.clusters.length > 1 && (
            <NativeSelect
              id="create-cluster"
              label={t('field.cluster')}
              value={draft.cluster}
              error={error('cluster')}
              onChange={event => change({ cluster: event.currentTarget.value, storage: '', bridge: '' })}
              data={[{ value: '', label: t('field.automatic') }, ...catalogue.clusters.map(({ name }) => name)]}
            />
          )}
        </div>
      </div>
    </details>
  );
}
