import { useId } from 'react';
import type { VmTemplate } from '#api/kinds.ts';
import type { CatalogueCluster } from '#portal/api.ts';
import { useText } from '../i18n/use-text.ts';
import { OsMark } from '../machine/os-mark.tsx';
import css from './create-form.module.css';
import type { Draft } from './draft.ts';

interface TemplatePickerProps {
  templates: VmTemplate[];
  isos: CatalogueCluster['isos'];
  draft: Draft;
  error: string | undefined;
  change: (next: Partial<Draft>) => void;
  chooseIso: (iso: string) => void;
}

/** What the machine is made from: a template, or an ISO image. One that cannot be cloned now can be seen, and not be chosen. */
export function TemplatePicker({ templates, isos, draft, error, change, chooseIso }: TemplatePickerProps) {
  const { t, size } = useText();
  const windowsHint = useId();
  const installs = draft.from === 'iso';
  return (
    <fieldset className={css.group} aria-describedby={error ? 'create-template-error' : undefined}>
      <legend>{t('create.template')}</legend>
      {templates.length + isos.length === 0 && <p className="quiet">{t('create.noTemplates')}</p>}
      <div className={css.choices}>
        {templates.map((template, index) => {
          const { metadata, spec, status } = template;
          const usable = status?.conditions?.find(({ type }) => type === 'Ready')?.status !== 'False';
          return (
            <label key={metadata.name} className={css.choice}>
              <input
                id={index === 0 ? 'create-template' : undefined}
                type="radio"
                name="template"
                value={metadata.name}
                checked={!installs && draft.template === metadata.name}
                disabled={!usable}
                onChange={() => change({ from: 'template', template: metadata.name })}
              />
              <OsMark name={metadata.name} template={template} />
              <span>
                <strong>{spec.displayName ?? metadata.name}</strong>
                <small>{usable ? spec.description : t('create.templateUnusable')}</small>
              </span>
            </label>
          );
        })}
      </div>
      {isos.length > 0 && (
        <>
          <h3>{t('create.isos')}</h3>
          <div className={css.choices}>
            {isos.map((iso, index) => (
              <label key={iso.name} className={css.choice}>
                <input
                  id={templates.length + index === 0 ? 'create-template' : undefined}
                  type="radio"
                  name="template"
                  value={`iso ${iso.name}`}
                  checked={installs && draft.iso === iso.name}
                  onChange={() => chooseIso(iso.name)}
                />
                <OsMark name={iso.name} template={undefined} />
                <span>
                  <strong>{iso.name}</strong>
                  <small>
                    {iso.sizeMiB === undefined ? t('create.iso') : t('create.iso.size', { size: size(iso.sizeMiB) })}
                  </small>
                </span>
              </label>
            ))}
          </div>
        </>
      )}
      {installs && (
        <label className={css.check}>
          <input
            type="checkbox"
            checked={draft.windows}
            aria-describedby={windowsHint}
            onChange={event => change({ windows: event.currentTarget.checked })}
          />
          <span>
            {t('field.windows')}
            <span id={windowsHint} className="quiet small">
              {t('field.windows.hint')}
            </span>
          </span>
        </label>
      )}
      {error && (
        <p id="create-template-error" className={css.error}>
          {error}
        </p>
      )}
    </fieldset>
  );
}
