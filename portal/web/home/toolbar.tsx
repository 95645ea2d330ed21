import { NativeSelect, TextInput } from '@mantine/core';
import { useEffect, useState } from 'react';
import { useSignedIn } from '../data/queries.ts';
import { Icon } from '../design/icon.tsx';
import { useText } from '../i18n/use-text.ts';
import { type Column, columns, type Group, groups, type ListView } from './filter.ts';
import css from './toolbar.module.css';

interface ToolbarProps {
  view: ListView;
  counts: Record<Group, number>;
  change: (next: Partial<ListView>) => void;
}

/** Search, filters and, where the table has no headings, the order. */
export function Toolbar({ view, counts, change }: ToolbarProps) {
  const { t } = useText();
  const { tenants } = useSignedIn();
  const [search, setSearch] = useState(view.search);
  // The link may change by itself: by the back button, or by a link on the page.
  useEffect(() => setSearch(view.search), [view.search]);
  return (
    <search className={css.bar} aria-label={t('list.filters')}>
      <TextInput
        className={css.search}
        type="search"
        aria-label={t('list.search')}
        placeholder={t('list.search')}
        leftSection={<Icon name="search" />}
        value={search}
        maxLength={100}
        onChange={event => {
          setSearch(event.currentTarget.value);
          change({ search: event.currentTarget.value });
        }}
      />
      <fieldset className={css.groups}>
        <legend className="spoken">{t('list.states')}</legend>
        {groups.map(group => (
          <button
            key={group}
            type="button"
            className={css.group}
            aria-pressed={view.group === group}
            onClick={() => change({ group })}
          >
            {t(`group.${group}`)} <span className={css.count}>{counts[group]}</span>
          </button>
        ))}
      </fieldset>
      {tenants.length > 1 && (
        <NativeSelect
          aria-label={t('list.team')}
          value={view.team}
          onChange={event => change({ team: event.currentTarget.value })}
          data={[
            { value: '', label: t('list.allTeams') },
            ...tenants.map(({ name, displayName }) => ({ value: name, label: displayName })),
          ]}
        />
      )}
      <NativeSelect
        className={css.sort}
        aria-label={t('list.sort')}
        value={view.sort}
        onChange={event => change({ sort: event.currentTarget.value as Column, descending: false })}
        data={columns.map(column => ({ value: column, label: t(`column.${column}`) }))}
      />
    </search>
  );
}
