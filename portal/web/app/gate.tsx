import { useQueryClient } from '@tanstack/react-query';
import { useEffect } from 'react';
import { ended } from '../data/ended.ts';
import { startLive } from '../data/live.ts';
import { useSession } from '../data/queries.ts';
import { ApiError } from '../data/request.ts';
import { FailedPage } from '../errors/failed.tsx';
import { speak } from '../i18n/start.ts';
import { Routes } from './routes.tsx';
import { Shell } from './shell.tsx';
import { SignIn } from './sign-in.tsx';
import { Waiting } from './waiting.tsx';

/** Lets in who is signed in, and shows everybody else the way. */
export function Gate() {
  const queries = useQueryClient();
  const { data: session, error, refetch } = useSession();
  const signedIn = session !== undefined;
  const language = session?.language;

  useEffect(() => {
    if (language) void speak(language);
  }, [language]);

  useEffect(() => {
    if (!signedIn) return;
    ended.set(false);
    return startLive(queries, () => ended.set(true));
  }, [signedIn, queries]);

  if (session) {
    return (
      <Shell>
        <Routes />
      </Shell>
    );
  }
  if (error instanceof ApiError && error.status === 401) return <SignIn />;
  return error ? <FailedPage error={error} retry={() => void refetch()} /> : <Waiting />;
}
