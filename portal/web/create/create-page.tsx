import { useEffect, useMemo, useState } from 'react';
import { useLocation } from 'wouter';
import { announce, notify } from '../app/announce.ts';
import { useTitle } from '../app/use-title.ts';
import { Waiting } from '../app/waiting.tsx';
import { createMachine } from '../data/actions.ts';
import { useCatalogue, useMachines, useQuotas, useSignedIn } from '../data/queries.ts';
import { ApiError } from '../data/request.ts';
import { ErrorPage } from '../errors/error-page.tsx';
import { FailedPage } from '../errors/failed.tsx';
import { type Problem, problemOf } from '../errors/words.ts';
import { useText } from '../i18n/use-text.ts';
import { errorsOf, type FieldErrors } from './check.ts';
import { CreateForm } from './create-form.tsx';
import { begun, type Draft, fieldOf, machineOf } from './draft.ts';
import { dropDraft, keepDraft, readDraft } from './stored.ts';

/** Makes a machine: what is filled in stays until it is made, over reloads and new sign-ins. */
export default function CreatePage() {
  const texts = useText();
  const { t } = texts;
  useTitle(t('create.title'));
  const session = useSignedIn();
  const person = session.user.name;
  const teams = useMemo(() => session.tenants.filter(({ can }) => can.create), [session.tenants]);
  const catalogue = useCatalogue();
  const machines = useMachines();
  const quotas = useQuotas();
  const [, navigate] = useLocation();
  const [draft, setDraft] = useState<Draft>();
  const [touched, setTouched] = useState<ReadonlySet<keyof Draft>>(new Set());
  const [refused, setRefused] = useState<FieldErrors>({});
  const [problem, setProblem] = useState<Problem>();
  const [busy, setBusy] = useState(false);

  useEffect(() => {
    if (catalogue.data) setDraft(before => before ?? begun(readDraft(person), teams, catalogue.data));
  }, [catalogue.data, person, teams]);

  const taken = useMemo(
    () => new Set(machines.data?.items.map(({ metadata }) => `${metadata.namespace}/${metadata.name}`)),
    [machines.data],
  );
  const errors = useMemo(() => (draft ? errorsOf(draft, taken) : {}), [draft, taken]);

  if (teams.length === 0) return <ErrorPage status="403" title={t('error.403')} text={t('create.notAllowed')} />;
  if (catalogue.error) return <FailedPage error={catalogue.error} retry={() => void catalogue.refetch()} />;
  if (!catalogue.data || !draft) return <Waiting />;

  const change = (next: Partial<Draft>) => {
    const changed = { ...draft, ...next };
    setDraft(changed);
    keepDraft(person, changed);
    const fields = Object.keys(next) as (keyof Draft)[];
    setTouched(before => new Set([...before, ...fields]));
    setRefused(before =>
      Object.fromEntries(Object.entries(before).filter(([field]) => !fields.includes(field as keyof Draft))),
    );
  };
  const forget = () => {
    dropDraft(person);
    setDraft(begun(undefined, teams, catalogue.data));
    setTouched(new Set());
    setRefused({});
    setProblem(undefined);
  };
  const submit = async () => {
    setTouched(new Set(Object.keys(draft) as (keyof Draft)[]));
    setProblem(undefined);
    const wrong = Object.keys(errors);
    if (wrong.length > 0) {
      announce(t('create.wrong', { count: wrong.length }));
      document.getElementById(`create-${wrong[0]}`)?.focus();
      return;
    }
    setBusy(true);
    try {
      const { object, warnings } = await createMachine(machineOf(draft));
      dropDraft(person);
      for (const warning of warnings) notify({ kind: 'done', text: warning });
      navigate(`/machines/${object.metadata.namespace}/${object.metadata.name}`);
    } catch (error) {
      setProblem(problemOf(error, texts));
      if (error instanceof ApiError) setRefused(refusedFields(error));
    } finally {
      setBusy(false);
    }
  };
  const visible = Object.fromEntries(Object.entries(errors).filter(([field]) => touched.has(field as keyof Draft)));
  return (
    <CreateForm
      draft={draft}
      teams={teams}
      catalogue={catalogue.data}
      quota={quotas.data?.items.find(({ metadata }) => metadata.namespace === draft.team)}
      errors={{ ...refused, ...visible }}
      problem={problem}
      busy={busy}
      change={change}
      submit={() => void submit()}
      forget={forget}
    />
  );
}

/** The API server's words beside the fields that they are about. Pure. */
function refusedFields({ fields }: ApiError): FieldErrors {
  const found: FieldErrors = {};
  for (const { path, message } of fields) {
    const field = fieldOf(path);
    if (field) found[field] = { words: message };
  }
  return found;
}
