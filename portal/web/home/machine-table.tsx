import { useMemo } from 'react';
import { useCatalogue, useSignedIn } from '../data/queries.ts';
import { useText } from '../i18n/use-text.ts';
import type { Column, ListView, Row } from './filter.ts';
import { MachineRow } from './machine-row.tsx';
import css from './machine-table.module.css';
import { useWindow } from './use-window.ts';

interface MachineTableProps {
  rows: readonly Row[];
  view: ListView;
  change: (next: Partial<ListView>) => void;
}

const headings: { column: Column; className: string | undefined }[] = [
  { column: 'name', className: css.name },
  { column: 'state', className: css.state },
  { column: 'cpu', className: css.cpu },
  { column: 'memory', className: css.memory },
  { column: 'vmid', className: css.vmid },
  { column: 'age', className: css.age },
];

/** The list of machines. Of hundreds only those rows are made that can be seen. */
export function MachineTable({ rows, view, change }: MachineTableProps) {
  const { t } = useText();
  const { tenants } = useSignedIn();
  const { data: catalogue } = useCatalogue();
  const templates = useMemo(
    () => new Map(catalogue?.templates.map(template => [template.metadata.name, template])),
    [catalogue],
  );
  const rights = useMemo(() => new Map(tenants.map(({ name, can }) => [name, can])), [tenants]);
  const { ref, first, last, rowHeight } = useWindow(rows.length);
  const sortBy = (column: Column) => change({ sort: column, descending: view.sort === column && !view.descending });
  if (rows.length === 0) return <p className={css.none}>{t('list.none')}</p>;
  return (
    <table className={css.table} aria-label={t('home.title')} aria-rowcount={rows.length + 1}>
      <thead className={css.head}>
        <tr className={css.headings} aria-rowindex={1}>
          {headings.map(({ column, className }) => (
            <th
              key={column}
              scope="col"
              className={className}
              aria-sort={view.sort !== column ? 'none' : view.descending ? 'descending' : 'ascending'}
            >
              <button type="button" className={css.heading} onClick={() => sortBy(column)}>
                {t(`column.${column}`)}
                <span aria-hidden="true" className={css.arrow}>
                  {view.sort === column ? (view.descending ? '↓' : '↑') : ''}
                </span>
              </button>
            </th>
          ))}
          <th scope="col" className={css.actions}>
            <span className="spoken">{t('column.actions')}</span>
          </th>
        </tr>
      </thead>
      <tbody
        ref={ref}
        className={css.body}
        style={{ paddingTop: first * rowHeight, paddingBottom: (rows.length - last) * rowHeight }}
      >
        {rows.slice(first, last).map((row, index) => (
          <MachineRow
            key={row.key}
            row={row}
            index={first + index + 2}
            template={templates.get(row.machine.spec.source.template?.name ?? '')}
            team={tenants.length > 1}
            can={rights.get(row.namespace)}
          />
        ))}
      </tbody>
    </table>
  );
}
