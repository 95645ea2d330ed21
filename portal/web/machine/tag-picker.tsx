import { useText } from '../i18n/use-text.ts';
import css from './tag-picker.module.css';

interface TagPickerProps {
  catalogue: readonly { name: string; color?: string }[];
  chosen: readonly string[];
  choose: (tags: string[]) => void;
  /** Without a label of its own: the card around it has one. */
  bare?: boolean;
}

/** Tags to switch on and off, of those that the administrators offer. */
export function TagPicker({ catalogue, chosen, choose, bare }: TagPickerProps) {
  const { t } = useText();
  const toggle = (name: string) =>
    choose(chosen.includes(name) ? chosen.filter(tag => tag !== name) : [...chosen, name].sort());
  return (
    <fieldset className={css.group}>
      <legend className={bare ? 'spoken' : css.label}>{t('field.tags')}</legend>
      <div className={css.tags}>
        {catalogue.map(({ name, color }) => (
          <button
            key={name}
            type="button"
            className={css.tag}
            aria-pressed={chosen.includes(name)}
            onClick={() => toggle(name)}
          >
            <TagDot color={color} />
            {name}
          </button>
        ))}
      </div>
    </fieldset>
  );
}

/** The colour that a tag has. */
const TagDot = ({ color }: { color: string | undefined }) => (
  <svg className={css.dot} viewBox="0 0 8 8" aria-hidden="true" focusable="false">
    <circle cx="4" cy="4" r="4" fill={color ?? 'var(--line-strong)'} />
  </svg>
);
