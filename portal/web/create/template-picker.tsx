import type { VmTemplate } from '#api/kinds.ts';
import { useText } from '../i18n/use-text.ts';
import { OsMark } from '../machine/os-mark.tsx';
import css from './create-form.module.css';

interface TemplatePickerProps {
  templates: VmTemplate[];
  chosen: string;
  error: string | undefined;
  choose: (template: string) => void;
}

/** What the machine is made from. One that cannot be cloned now can be seen, and not be chosen. */
export function TemplatePicker({ templates, chosen, error, choose }: TemplatePickerProps) {
  const { t } = useText();
  return (
    <fieldset className={css.group} aria-describedby={error ? 'create-template-error' : undefined}>
      <legend>{t('create.template')}</legend>
      {templates.length === 0 && <p className="quiet">{t('create.noTemplates')}</p>}
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
                checked={chosen === metadata.name}
                disabled={!usable}
                onChange={() => choose(metadata.name)}
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
      {error && (
        <p id="create-template-error" className={css.error}>
          {error}
        </p>
      )}
    </fieldset>
  );
}
