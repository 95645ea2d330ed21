import { Button, Group, Modal, NumberInput } from '@mantine/core';
import { useState } from 'react';
import type { VirtualMachine, VmQuota } from '#api/kinds.ts';
import { announce } from '../app/announce.ts';
import { changeMachine } from '../data/actions.ts';
import { type Problem, problemOf } from '../errors/words.ts';
import { useText } from '../i18n/use-text.ts';
import { ExcessList } from '../quota/excess-list.tsx';
import { excessOf, metersOf, mib } from '../quota/meters.ts';
import { QuotaMeter } from '../quota/quota-meter.tsx';
import { growth, resizePatch, sizeOf } from './resize.ts';
import css from './resize-dialog.module.css';

interface ResizeDialogProps {
  machine: VirtualMachine;
  quota: VmQuota | undefined;
  close: () => void;
}

/** Gives a machine another size, and shows what that takes of the quota. */
export function ResizeDialog({ machine, quota, close }: ResizeDialogProps) {
  const texts = useText();
  const { t, size: sizeText } = texts;
  const { metadata, spec } = machine;
  const { name, namespace = '' } = metadata;
  const [size, setSize] = useState(() => sizeOf(spec));
  const [problem, setProblem] = useState<Problem>();
  const [busy, setBusy] = useState(false);
  const more = growth(spec, size);
  const meters = quota ? metersOf(quota) : [];
  const patch = resizePatch(spec, size);
  const empty = size.cpu === '' || size.memoryGiB === '' || Object.values(size.disks).includes('');
  const gib = ` ${sizeText(1024).replace(/^\S+/, '').trim()}`;
  const number = (value: number | string) => (typeof value === 'number' ? value : ('' as const));
  const save = async () => {
    if (!patch) return;
    setBusy(true);
    setProblem(undefined);
    try {
      await changeMachine(machine, patch);
      announce(t('resize.asked', { name }));
      close();
    } catch (error) {
      setProblem(problemOf(error, texts));
      setBusy(false);
    }
  };
  return (
    <Modal opened onClose={close} title={t('resize.title', { name })} size="md">
      <form
        className={css.form}
        onSubmit={event => {
          event.preventDefault();
          void save();
        }}
      >
        <div className={css.pair}>
          <NumberInput
            label={t('field.cpu')}
            value={size.cpu}
            min={1}
            max={512}
            allowDecimal={false}
            data-autofocus
            onChange={value => setSize({ ...size, cpu: number(value) })}
          />
          <NumberInput
            label={t('field.memoryGiB')}
            value={size.memoryGiB}
            min={0.125}
            step={1}
            decimalScale={3}
            suffix={gib}
            onChange={value => setSize({ ...size, memoryGiB: number(value) })}
          />
        </div>
        {spec.disks.map(disk => (
          <NumberInput
            key={disk.name}
            label={t('facts.disk', { name: disk.name })}
            description={t('resize.diskGrows', { size: sizeText(mib(disk.size)) })}
            value={size.disks[disk.name] ?? ''}
            min={mib(disk.size) / 1024}
            decimalScale={3}
            suffix={gib}
            onChange={value => setSize({ ...size, disks: { ...size.disks, [disk.name]: number(value) } })}
          />
        ))}
        {meters
          .filter(({ dimension }) => dimension !== 'vms')
          .map(meter => (
            <QuotaMeter key={meter.dimension} meter={meter} team={namespace} planned={more[meter.dimension]} />
          ))}
        <div role="status">
          <ExcessList excess={excessOf(meters, more)} />
        </div>
        {problem && (
          <div className={css.over} role="alert">
            <p>{problem.text}</p>
            {problem.detail && <p className="small">{problem.detail}</p>}
          </div>
        )}
        <p className="quiet small">{t('resize.hint')}</p>
        <Group justify="flex-end" gap="sm">
          <Button variant="default" onClick={close}>
            {t('confirm.cancel')}
          </Button>
          <Button type="submit" loading={busy} disabled={!patch || empty}>
            {t('resize.action')}
          </Button>
        </Group>
      </form>
    </Modal>
  );
}
