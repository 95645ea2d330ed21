import { Button } from '@mantine/core';
import { useMemo } from 'react';
import { Link, useLocation, useSearch } from 'wouter';
import { useTitle } from '../app/use-title.ts';
import { Waiting } from '../app/waiting.tsx';
import { useMachines, useSignedIn } from '../data/queries.ts';
import { Icon } from '../design/icon.tsx';
import { FailedPage } from '../errors/failed.tsx';
import { useText } from '../i18n/use-text.ts';
import { QuotaStrip } from '../quota/quota-strip.tsx';
import { AttentionList } from './attention-list.tsx';
import { groupCounts, type ListView, queryOf, rowOf, shown, viewOf } from './filter.ts';
import { FirstVisit } from './first-visit.tsx';
import css from './home-page.module.css';
import { MachineTable } from './machine-table.tsx';
import { Toolbar } from './toolbar.tsx';

/** The first page: one's machines, what is left of the quota, and what needs attention. */
export function HomePage() {
  const { t } = useText();
  useTitle(t('home.title'));
  const { tenants } = useSignedIn();
  const { data, error, refetch } = useMachines();
  const query = useSearch();
  const [, navigate] = useLocation();
  const view = useMemo(() => viewOf(query), [query]);
  const rows = useMemo(() => data?.items.map(rowOf) ?? [], [data]);
  const counts = useMemo(() => groupCounts(rows, view), [rows, view]);
  const found = useMemo(() => shown(rows, view), [rows, view]);
  const change = (next: Partial<ListView>) => {
    const changed = queryOf({ ...view, ...next });
    navigate(changed ? `/?${changed}` : '/', { replace: true });
  };

  if (!data) return error ? <FailedPage error={error} retry={() => void refetch()} /> : <Waiting />;
  const mayCreate = tenants.some(({ can }) => can.create);
  return (
    <>
      <div className={css.head}>
        <h1>{t('home.title')}</h1>
        {mayCreate && rows.length > 0 && (
          <Button component={Link} href="/new" leftSection={<Icon name="plus" />}>
            {t('nav.new')}
          </Button>
        )}
      </div>
      <QuotaStrip />
      {rows.length === 0 ? (
        <FirstVisit mayCreate={mayCreate} />
      ) : (
        <>
          <AttentionList rows={rows} />
          <Toolbar view={view} counts={counts} change={change} />
          <MachineTable rows={found} view={view} change={change} />
        </>
      )}
    </>
  );
}
