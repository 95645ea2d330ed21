import { Button, NativeSelect, Textarea, TextInput } from '@mantine/core';
import { useId } from 'react';
import type { VmQuota } from '#api/kinds.ts';
import type { Catalogue, Tenant } from '#portal/api.ts';
import { Icon } from '../design/icon.tsx';
import type { Problem } from '../errors/words.ts';
import { useText } from '../i18n/use-text.ts';
import { drawingOf } from '../machine/os-mark.tsx';
import { TagPicker } from '../machine/tag-picker.tsx';
import { YamlButton } from '../machine/yaml-button.tsx';
import { AdvancedFields } from './advanced-fields.tsx';
import type { FieldErrors } from './check.ts';
import css from './create-form.module.css';
import { type Draft, firstNetwork, machineOf } from './draft.ts';
import { errorText } from './error-text.ts';
import { SizePicker } from './size-picker.tsx';
import { TakesCard } from './takes-card.tsx';
import { TemplatePicker } from './template-picker.tsx';

export interface CreateFormProps {
  draft: Draft;
  teams: Tenant[];
  catalogue: Catalogue;
  quota: VmQuota | undefined;
  errors: FieldErrors;
  problem: Problem | undefined;
  busy: boolean;
  change: (next: Partial<Draft>) => void;
  submit: () => void;
  forget: () => void;
}

/** The form: what from, how big and called what come first, everything else is folded away. */
export function CreateForm(props: CreateFormProps) {
  const { draft, teams, catalogue, quota, errors, problem, busy, change, submit, forget } = props;
  const texts = useText();
  const { t } = texts;
  const startHint = useId();
  const allowed = quota?.spec.allowed?.templates;
  const templates = catalogue.templates.filter(({ metadata }) => !allowed || allowed.includes(metadata.name));
  const cluster = catalogue.clusters.find(({ name, default: usual }) =>
    draft.cluster ? name === draft.cluster : usual,
  );
  const isos = (cluster?.isos ?? []).filter(({ name }) => quota?.spec.allowed?.isos?.includes(name) ?? true);
  const bridges = (cluster?.bridges ?? []).filter(({ name }) => quota?.spec.allowed?.bridges?.includes(name) ?? true);
  const tags = (cluster?.tags ?? []).filter(({ name }) => quota?.spec.allowed?.tags?.includes(name) ?? true);
  return (
    <form
      className={css.page}
      noValidate
      onSubmit={event => {
        event.preventDefault();
        submit();
      }}
    >
      <div className={css.fields}>
        <h1>{t('create.title')}</h1>
        <TemplatePicker
          templates={templates}
          isos={isos}
          draft={draft}
          error={errorText(errors.template ?? errors.iso, texts)}
          change={change}
          chooseIso={iso =>
            change({
              from: 'iso',
              iso,
              windows: drawingOf(iso, undefined) === 'windows',
              ...(draft.bridge === '' && firstNetwork(bridges, quota?.spec.isolationVlan)),
            })
          }
        />
        <SizePicker
          draft={draft}
          quota={quota}
          template={draft.from === 'template' ? templates.find(byName(draft.template)) : undefined}
          errors={errors}
          change={change}
        />
        <fieldset className={css.group}>
          <legend>{t('create.name')}</legend>
          <div className={css.pair}>
            <TextInput
              id="create-name"
              label={t('field.name')}
              description={t('field.name.hint')}
              value={draft.name}
              error={errorText(errors.name, texts)}
              autoComplete="off"
              spellCheck={false}
              onChange={event => change({ name: event.currentTarget.value.toLowerCase() })}
            />
            {teams.length > 1 && (
              <NativeSelect
                id="create-team"
                label={t('field.team')}
                description={t('field.team.hint')}
                value={draft.team}
                onChange={event => change({ team: event.currentTarget.value })}
                data={teams.map(({ name, displayName }) => ({ value: name, label: displayName }))}
              />
            )}
          </div>
          <Textarea
            label={t('field.description')}
            description={t('field.description.hint')}
            value={draft.description}
            error={errorText(errors.description, texts)}
            maxLength={4096}
            rows={2}
            onChange={event => change({ description: event.currentTarget.value })}
          />
          {tags.length > 0 && (
            <TagPicker catalogue={tags} chosen={draft.tags} choose={chosen => change({ tags: chosen })} />
          )}
          <label className={css.check}>
            <input
              type="checkbox"
              checked={draft.start}
              aria-describedby={startHint}
              onChange={event => change({ start: event.currentTarget.checked })}
            />
            <span>
              {t('field.start')}
              <span id={startHint} className="quiet small">
                {t('field.start.hint')}
              </span>
            </span>
          </label>
        </fieldset>
        <AdvancedFields draft={draft} catalogue={catalogue} quota={quota} errors={errors} change={change} />
      </div>
      <aside className={css.aside}>
        <TakesCard draft={draft} quota={quota} teams={teams} />
        {problem && (
          <div className={css.problem} role="alert">
            <Icon name="alert" size={18} />
            <div>
              <p>{problem.text}</p>
              {problem.detail && <p className="small">{problem.detail}</p>}
            </div>
          </div>
        )}
        <Button type="submit" size="md" loading={busy} fullWidth>
          {t('create.submit')}
        </Button>
        <div className={css.extras}>
          <YamlButton machine={machineOf(draft)} command={`kubectl apply -f ${draft.name || 'machine'}.yaml`} />
          <Button variant="subtle" color="gray" onClick={forget}>
            {t('create.forget')}
          </Button>
        </div>
        <p className="quiet small">{t('create.kept')}</p>
      </aside>
    </form>
  );
}

const byName =
  (wanted: string) =>
  ({ metadata }: { metadata: { name: string } }) =>
    metadata.name === wanted;
