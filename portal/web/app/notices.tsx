import { CloseButton } from '@mantine/core';
import { useValue } from '../data/value.ts';
import { Icon } from '../design/icon.tsx';
import { useText } from '../i18n/use-text.ts';
import { dismiss, notices, spoken } from './announce.ts';
import css from './notices.module.css';

/** The corner that says what was done or went wrong, and the voice for screen readers. */
export function Notices() {
  const { t } = useText();
  const list = useValue(notices);
  const said = useValue(spoken);
  return (
    <>
      <div className="spoken" aria-live="polite" role="status">
        {said}
      </div>
      <section className={css.corner} aria-live="assertive" aria-label={t('notices.title')}>
        {list.map(({ id, kind, text, detail }) => (
          <div key={id} className={`${css.notice} ${kind === 'problem' ? css.problem : css.done}`}>
            <Icon name={kind === 'problem' ? 'alert' : 'check'} size={18} />
            <div className={css.text}>
              <p>{text}</p>
              {detail && <p className={css.detail}>{detail}</p>}
            </div>
            <CloseButton size="sm" aria-label={t('notices.dismiss')} onClick={() => dismiss(id)} />
          </div>
        ))}
      </section>
    </>
  );
}
