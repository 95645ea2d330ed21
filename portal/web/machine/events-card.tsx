import { useNow } from '../app/use-now.ts';
import { useEvents } from '../data/queries.ts';
import { Card } from '../design/card.tsx';
import { problemOf } from '../errors/words.ts';
import { useText } from '../i18n/use-text.ts';
import css from './events-card.module.css';

/** What happened to a machine lately, the newest first. Kubernetes forgets events after an hour or so. */
export function EventsCard({ namespace, name }: { namespace: string; name: string }) {
  const texts = useText();
  const now = useNow();
  const { t, known, ago, moment } = texts;
  const { data, error } = useEvents(namespace, name);
  return (
    <Card title={t('events.title')}>
      {error && !data && <p className="quiet">{problemOf(error, texts).text}</p>}
      {data?.items.length === 0 && <p className="quiet">{t('events.none')}</p>}
      <ul className={css.events}>
        {data?.items.map(({ time, type, reason, message, count }) => (
          <li key={`${time}${reason}${message}`} className={type === 'Warning' ? css.warning : undefined}>
            <time dateTime={time} title={moment(time)}>
              {ago(time, now)}
            </time>
            <div>
              <strong>{known(`event.${reason}`) ?? known(`reason.${reason}`) ?? reason}</strong>
              {count > 1 && <span className="quiet"> ×{count}</span>}
              <p className="quiet small">{message}</p>
            </div>
          </li>
        ))}
      </ul>
    </Card>
  );
}
