import { Button, Modal } from '@mantine/core';
import { useQueryClient } from '@tanstack/react-query';
import { useEffect, useState } from 'react';
import { ended } from '../data/ended.ts';
import { keys } from '../data/keys.ts';
import { sessionEnd } from '../data/live.ts';
import { useSignedIn } from '../data/queries.ts';
import { useValue } from '../data/value.ts';
import { useText } from '../i18n/use-text.ts';
import { announce } from './announce.ts';
import css from './banners.module.css';
import { signInPath } from './sign-in-path.ts';

/** How long before the end it is told. */
const warnMs = 5 * 60_000;

/** Says that the session is about to end, and that it has; what was typed stays where it is. */
export function SessionEnd() {
  const { t } = useText();
  const over = useValue(ended);
  const session = useSignedIn();
  const told = useValue(sessionEnd) ?? session;
  const queries = useQueryClient();
  const leftMs = useTimeLeft(Math.min(Date.parse(told.idleExpiresAt), Date.parse(told.expiresAt)));
  const soon = !over && leftMs < warnMs;
  const idle = Date.parse(told.idleExpiresAt) < Date.parse(told.expiresAt);
  const minutes = Math.max(1, Math.ceil(leftMs / 60_000));
  useEffect(() => {
    if (soon) announce(t('session.soon', { count: minutes }));
  }, [soon, minutes, t]);

  const stay = async () => {
    await queries.refetchQueries({ queryKey: keys.session });
    sessionEnd.set(undefined);
  };
  return (
    <>
      {soon && (
        <div className={css.corner} role="status">
          <p>{t('session.soon', { count: minutes })}</p>
          {idle ? (
            <Button size="compact-sm" onClick={() => void stay()}>
              {t('session.stay')}
            </Button>
          ) : (
            <Button size="compact-sm" component="a" href={signInPath(window.location)}>
              {t('session.again')}
            </Button>
          )}
        </div>
      )}
      <Modal
        opened={over}
        onClose={() => {}}
        withCloseButton={false}
        title={t('session.over')}
        centered
        transitionProps={{ duration: 0 }}
      >
        <p>{t('session.over.text')}</p>
        <Button mt="md" component="a" href={signInPath(window.location)} data-autofocus>
          {t('signIn.button')}
        </Button>
      </Modal>
    </>
  );
}

/** Milliseconds until an instant; the component is rendered again when the answer is near enough to matter. */
function useTimeLeft(at: number): number {
  const [now, setNow] = useState(Date.now);
  useEffect(() => {
    const timer = setInterval(() => setNow(Date.now()), 20_000);
    return () => clearInterval(timer);
  }, []);
  return at - now;
}
