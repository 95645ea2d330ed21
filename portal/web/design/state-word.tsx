import { useText } from '../i18n/use-text.ts';
import { passing, type State } from '../machine/state.ts';
import css from './state-word.module.css';

const tones: Record<State, string | undefined> = {
  Running: css.ok,
  Stopped: css.off,
  Paused: css.off,
  Suspended: css.off,
  Starting: css.work,
  Stopping: css.work,
  Creating: css.work,
  Changing: css.work,
  Deleting: css.work,
  Waiting: css.buoy,
  Failed: css.bad,
  Missing: css.bad,
  Unknown: css.buoy,
};

/** The one word for what a machine is doing: a shape, a colour and the word itself. */
export function StateWord({ state, large }: { state: State; large?: boolean }) {
  const { t } = useText();
  const moving = passing.has(state) ? css.moving : '';
  return (
    <span className={`${css.state} ${tones[state]} ${moving} ${large ? css.large : ''}`} data-state={state}>
      <span className={css.dot} aria-hidden="true" />
      {t(`state.${state}`)}
    </span>
  );
}
