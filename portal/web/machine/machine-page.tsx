import { useEffect, useRef } from 'react';
import { Link } from 'wouter';
import { announce } from '../app/announce.ts';
import { useTitle } from '../app/use-title.ts';
import { Waiting } from '../app/waiting.tsx';
import { useCatalogue, useMachine, useQuotas } from '../data/queries.ts';
import { ApiError } from '../data/request.ts';
import { ErrorPage } from '../errors/error-page.tsx';
import { FailedPage } from '../errors/failed.tsx';
import { useText } from '../i18n/use-text.ts';
import { AttentionBox } from './attention-box.tsx';
import { cdromOf } from './cdrom.ts';
import { CdromCard } from './cdrom-card.tsx';
import { ConditionsCard } from './conditions-card.tsx';
import { ConnectCard } from './connect-card.tsx';
import { EventsCard } from './events-card.tsx';
import { FactsCard } from './facts-card.tsx';
import { MachineHead } from './machine-head.tsx';
import css from './machine-page.module.css';
import { NotesCard } from './notes-card.tsx';
import { SnapshotsCard } from './snapshots-card.tsx';
import { stateOf } from './state.ts';
import { StepsCard } from './steps-card.tsx';
import { TagsCard } from './tags-card.tsx';
import { UsageCard } from './usage-card.tsx';

/** All about one machine, live. */
export default function MachinePage({ namespace, name }: { namespace: string; name: string }) {
  const { t } = useText();
  useTitle(name);
  const { machine, can, error, refetch } = useMachine(namespace, name);
  const { data: catalogue } = useCatalogue();
  const quotas = useQuotas();
  const seen = useRef(false);
  const state = machine && stateOf(machine);
  const told = useRef(state);

  useEffect(() => {
    if (state && told.current && told.current !== state) announce(`${name}: ${t(`state.${state}`)}`);
    told.current = state;
  }, [state, name, t]);

  if (machine) seen.current = true;
  const gone = error instanceof ApiError && error.status === 404;
  if (gone && seen.current) {
    return (
      <ErrorPage status="✓" title={t('machine.gone', { name })} text={t('machine.gone.text')}>
        <Link href="/">{t('error.home')}</Link>
      </ErrorPage>
    );
  }
  if (gone || (error && !machine)) return <FailedPage error={error} retry={() => void refetch()} />;
  if (!machine || !state) return <Waiting />;

  const template = catalogue?.templates.find(({ metadata }) => metadata.name === machine.spec.source.template?.name);
  const quota = quotas.data?.items.find(({ metadata }) => metadata.namespace === namespace);
  const cdrom = cdromOf(machine, catalogue, quota);
  const settled = ['Running', 'Stopped', 'Paused', 'Suspended', 'Missing'].includes(state);
  return (
    <>
      <MachineHead machine={machine} state={state} can={can} template={template} quota={quota} />
      <AttentionBox machine={machine} state={state} can={can} />
      {!settled && state !== 'Deleting' && <StepsCard machine={machine} state={state} />}
      <div className={css.grid}>
        <div className={css.column}>
          <UsageCard machine={machine} state={state} may={can?.metrics ?? false} />
          <NotesCard machine={machine} may={can?.update ?? false} />
          <SnapshotsCard machine={machine} state={state} can={can} quota={quota} />
          <EventsCard namespace={namespace} name={name} />
        </div>
        <div className={css.column}>
          <ConnectCard machine={machine} state={state} can={can} template={template} />
          <FactsCard machine={machine} />
          {cdrom && <CdromCard machine={machine} may={can?.update ?? false} cdrom={cdrom} />}
          <TagsCard machine={machine} may={can?.update ?? false} catalogue={catalogue} quota={quota} />
          <ConditionsCard machine={machine} />
        </div>
      </div>
    </>
  );
}
