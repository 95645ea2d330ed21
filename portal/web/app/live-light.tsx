import { useEffect, useRef } from 'react';
import { connection } from '../data/live.ts';
import { useValue } from '../data/value.ts';
import { useText } from '../i18n/use-text.ts';
import { announce } from './announce.ts';
import css from './live-light.module.css';

/** Whether what the page shows is of now. */
export function LiveLight() {
  const { t } = useText();
  const state = useValue(connection);
  const before = useRef(state);
  useEffect(() => {
    const recovered = before.current === 'lost' && state === 'live';
    if (state === 'lost' || recovered) announce(t(`live.${state}.long`));
    before.current = state;
  }, [state, t]);
  return (
    <span className={`${css.light} ${css[state]}`} title={t(`live.${state}.long`)} data-connection={state}>
      <span className={css.dot} aria-hidden="true" />
      <span className={css.word}>{t(`live.${state}`)}</span>
    </span>
  );
}
