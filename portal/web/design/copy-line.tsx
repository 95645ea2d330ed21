import { useState } from 'react';
import { announce } from '../app/announce.ts';
import { useText } from '../i18n/use-text.ts';
import css from './copy-line.module.css';
import { Icon } from './icon.tsx';

/** A line to paste elsewhere, with a button that copies it. */
export function CopyLine({ text, label }: { text: string; label: string }) {
  const { t } = useText();
  const [copied, setCopied] = useState(false);
  const copy = async () => {
    await navigator.clipboard.writeText(text);
    setCopied(true);
    announce(t('copy.done'));
  };
  return (
    <div className={css.line}>
      <input className={css.text} readOnly value={text} aria-label={label} />
      <button type="button" className={css.button} onClick={() => void copy()} onBlur={() => setCopied(false)}>
        <Icon name={copied ? 'check' : 'copy'} />
        <span className="spoken">{t('copy.action', { what: label })}</span>
      </button>
    </div>
  );
}
