import type { VirtualMachine } from '#api/kinds.ts';
import { Card } from '../design/card.tsx';
import { Icon } from '../design/icon.tsx';
import { useText } from '../i18n/use-text.ts';
import { reasonText } from './reason.ts';
import type { State } from './state.ts';
import { stepsOf } from './steps.ts';
import css from './steps-card.module.css';

/** How far a machine is on its way to what is desired, step by step. */
export function StepsCard({ machine, state }: { machine: VirtualMachine; state: State }) {
  const texts = useText();
  const { t } = texts;
  return (
    <div className={css.space}>
      <Card title={t(state === 'Creating' || state === 'Waiting' ? 'steps.creating' : 'steps.changing')}>
        <ol className={css.steps} aria-live="polite">
          {stepsOf(machine).map(({ condition, state: progress, reason, message }) => (
            <li
              key={condition}
              className={`${css.step} ${css[progress]}`}
              data-step={condition}
              data-progress={progress}
            >
              <span className={css.mark}>
                {progress === 'done' && <Icon name="check" size={14} />}
                {progress === 'failed' && <Icon name="alert" size={14} />}
              </span>
              <span className={css.name}>
                {t(`step.${condition === 'Provisioned' && machine.spec.source.iso ? 'Made' : condition}`)}
              </span>
              <span className="spoken">{t(`progress.${progress}`)}</span>
              {reason && message && (progress === 'now' || progress === 'failed') && (
                <span className={css.what}>{reasonText({ reason, message }, texts)}</span>
              )}
            </li>
          ))}
        </ol>
      </Card>
    </div>
  );
}
