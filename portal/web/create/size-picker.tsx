import { NumberInput } from '@mantine/core';
import type { VmQuota, VmTemplate } from '#api/kinds.ts';
import { useText } from '../i18n/use-text.ts';
import { type Amounts, excessOf, metersOf, overMachineLimits } from '../quota/meters.ts';
import { amountText } from '../quota/quota-meter.tsx';
import type { FieldErrors } from './check.ts';
import css from './create-form.module.css';
import { type Draft, leastDiskGiB, sizes } from './draft.ts';
import { errorText } from './error-text.ts';

interface SizePickerProps {
  draft: Draft;
  quota: VmQuota | undefined;
  template: VmTemplate | undefined;
  errors: FieldErrors;
  change: (next: Partial<Draft>) => void;
}

/** How big the machine is: one of a few sizes, or one's own. A size that does not fit says why. */
export function SizePicker({ draft, quota, template, errors, change }: SizePickerProps) {
  const texts = useText();
  const { t, size: sizeText } = texts;
  const least = leastDiskGiB(template);
  const numbers = (value: number | string) => (typeof value === 'number' ? value : ('' as const));
  const field = (name: 'cpu' | 'memoryGiB' | 'diskGiB', min: number, suffix?: string) => (
    <NumberInput
      id={`create-${name}`}
      label={t(`field.${name}`)}
      value={draft[name]}
      min={min}
      suffix={suffix}
      allowDecimal={false}
      allowNegative={false}
      error={errorText(errors[name], texts)}
      onChange={value => change({ [name]: numbers(value), size: 'custom' })}
    />
  );
  const gib = sizeText(1024).replace(/^\S+/, '').trim();
  return (
    <fieldset className={css.group}>
      <legend>{t('create.size')}</legend>
      <div className={css.sizes}>
        {sizes.map(({ name, cpu, memoryGiB, diskGiB }) => {
          const disk = Math.max(diskGiB, least);
          const why = whyNot(quota, { vms: 1, cpu, memoryMiB: memoryGiB * 1024, storageMiB: disk * 1024 });
          return (
            <label key={name} className={css.choice} title={why && t('create.tooBig')}>
              <input
                type="radio"
                name="size"
                checked={draft.size === name}
                disabled={why !== undefined && draft.size !== name}
                onChange={() => change({ size: name, cpu, memoryGiB, diskGiB: disk })}
              />
              <span>
                <strong>{t(`size.${name}`)}</strong>
                <small>{t('size.cpu', { count: cpu })}</small>
                <small>{t('size.memory', { size: sizeText(memoryGiB * 1024) })}</small>
                <small>{t('size.disk', { size: sizeText(disk * 1024) })}</small>
                {why && <small className={css.error}>{t('size.over', { what: t(`dimension.${why}`) })}</small>}
              </span>
            </label>
          );
        })}
        <label className={css.choice}>
          <input
            type="radio"
            name="size"
            checked={draft.size === 'custom'}
            onChange={() => change({ size: 'custom' })}
          />
          <span>
            <strong>{t('size.custom')}</strong>
            <small>{t('size.custom.text')}</small>
          </span>
        </label>
      </div>
      {draft.size === 'custom' && (
        <div className={css.numbers}>
          {field('cpu', 1)}
          {field('memoryGiB', 1, ` ${gib}`)}
          {field('diskGiB', least, ` ${gib}`)}
        </div>
      )}
      {overMachineLimits(quota ?? none, amounts(draft)).map(({ dimension, most }) => (
        <p key={dimension} className={css.error}>
          {t('size.perMachine', { what: t(`dimension.${dimension}`), most: amountText(dimension, most, texts) })}
        </p>
      ))}
    </fieldset>
  );
}

const none: VmQuota = { metadata: { name: 'default' }, spec: { hard: {} } };

const amounts = ({ cpu, memoryGiB, diskGiB }: Draft): Amounts => ({
  vms: 1,
  cpu: Number(cpu),
  memoryMiB: Number(memoryGiB) * 1024,
  storageMiB: Number(diskGiB) * 1024,
});

/** The first thing that a size takes too much of, if any. Pure. */
function whyNot(quota: VmQuota | undefined, more: Amounts): keyof Amounts | undefined {
  if (!quota) return undefined;
  return overMachineLimits(quota, more)[0]?.dimension ?? excessOf(metersOf(quota), more)[0]?.dimension;
}
