import { Button } from '@mantine/core';
import type { VirtualMachine } from '#api/kinds.ts';
import type { MachineRights } from '#portal/api.ts';
import { Icon } from '../design/icon.tsx';
import { useText } from '../i18n/use-text.ts';
import css from './attention-box.module.css';
import { reasonText } from './reason.ts';
import { attentionOf, type State } from './state.ts';
import { useDelete } from './use-delete.ts';
import { usePower } from './use-power.ts';

interface AttentionBoxProps {
  machine: VirtualMachine;
  state: State;
  can: MachineRights | undefined;
}

/** What is the matter with a machine, what was said about it, and what to do. */
export function AttentionBox({ machine, state, can }: AttentionBoxProps) {
  const texts = useText();
  const { t, known } = texts;
  const power = usePower();
  const remove = useDelete();
  const attention = attentionOf(machine);
  if (!attention) return null;
  const { kind, reason, message } = attention;
  const remedy = known(`remedy.${reason}`);
  return (
    <section className={`${css.box} ${css[kind]}`} aria-label={t('attention.label')}>
      <Icon name={kind === 'waiting' ? 'clock' : 'alert'} size={20} />
      <div className={css.words}>
        <p className={css.what}>{reasonText(attention, texts)}</p>
        {reason === 'RestartRequired' ? (
          <p>{t('attention.pending', { what: message })}</p>
        ) : (
          <p className={css.said}>{message}</p>
        )}
        {remedy && <p>{remedy}</p>}
        {kind === 'waiting' && <p className="small">{t('attention.retries')}</p>}
      </div>
      {reason === 'RestartRequired' && can?.restart && state === 'Running' && (
        <Button variant="default" size="compact-sm" onClick={() => void power('Restart', machine)}>
          {t('power.Restart')}
        </Button>
      )}
      {(state === 'Missing' || state === 'Failed') && can?.delete && (
        <Button variant="default" size="compact-sm" onClick={() => void remove(machine)}>
          {t('delete.button')}
        </Button>
      )}
    </section>
  );
}
