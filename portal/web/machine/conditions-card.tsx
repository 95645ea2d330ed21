import type { VirtualMachine } from '#api/kinds.ts';
import { Card } from '../design/card.tsx';
import { useText } from '../i18n/use-text.ts';
import css from './conditions-card.module.css';
import { reasonText } from './reason.ts';
import { stepConditions } from './steps.ts';

/** Conditions whose presence is the trouble; the others are fine while they hold. */
const bad = new Set(['Stalled', 'Missing', 'OverQuota']);

/** What weighs most comes first, then the steps in their order. */
const order = ['Missing', 'Stalled', 'Ready', 'Reconciling', ...stepConditions];
const placeOf = (type: string) => (order.includes(type) ? order.indexOf(type) : order.length);

/** The operator's findings in plain words. */
export function ConditionsCard({ machine }: { machine: VirtualMachine }) {
  const texts = useText();
  const { t, known, moment } = texts;
  const conditions = (machine.status?.conditions ?? []).toSorted((a, b) => placeOf(a.type) - placeOf(b.type));
  const task = machine.status?.lastTask;
  return (
    <Card title={t('conditions.title')}>
      {conditions.length === 0 && <p className="quiet">{t('conditions.none')}</p>}
      <ul className={css.conditions}>
        {conditions.map(condition => {
          const { type, status, lastTransitionTime } = condition;
          const fine = bad.has(type) ? status === 'False' : status === 'True';
          const tone = status === 'Unknown' ? css.unknown : fine ? css.fine : css.off;
          return (
            <li key={type} className={tone} title={moment(lastTransitionTime)}>
              <strong>{known(`condition.${type}`) ?? type}</strong>
              <span>{reasonText(condition, texts)}</span>
            </li>
          );
        })}
      </ul>
      {task && (
        <p className={css.task}>
          {t('conditions.task', { type: task.type, result: t(`task.${task.result}`), time: moment(task.finishedAt) })}
          {task.message && <span className="quiet"> {task.message}</span>}
        </p>
      )}
    </Card>
  );
}
