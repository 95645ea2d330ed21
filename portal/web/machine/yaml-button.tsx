import { Button, Modal } from '@mantine/core';
import { useEffect, useState } from 'react';
import type { VirtualMachine } from '#api/kinds.ts';
import { CopyLine } from '../design/copy-line.tsx';
import { Icon } from '../design/icon.tsx';
import { useText } from '../i18n/use-text.ts';
import { manifestOf } from './manifest.ts';
import css from './yaml-button.module.css';

interface YamlButtonProps {
  machine: VirtualMachine;
  /** The kubectl line that does with it what this page does. */
  command: string;
}

/** Shows the resource behind the page, to be kept in Git or applied by hand. */
export function YamlButton({ machine, command }: YamlButtonProps) {
  const { t } = useText();
  const [opened, setOpened] = useState(false);
  const [text, setText] = useState('');
  useEffect(() => {
    if (!opened) return;
    let current = true;
    // The writer of YAML is large and seldom wanted.
    void import('yaml').then(({ stringify }) => current && setText(stringify(manifestOf(machine), { lineWidth: 100 })));
    return () => {
      current = false;
    };
  }, [opened, machine]);
  return (
    <>
      <Button variant="default" leftSection={<Icon name="code" />} onClick={() => setOpened(true)}>
        {t('yaml.button')}
      </Button>
      <Modal opened={opened} onClose={() => setOpened(false)} title={t('yaml.title')} size="lg">
        <p className="quiet small">{t('yaml.text')}</p>
        <textarea className={css.yaml} readOnly value={text} rows={18} spellCheck={false} aria-label="YAML" />
        <CopyLine text={command} label={t('yaml.command')} />
        <Button
          mt="sm"
          variant="default"
          leftSection={<Icon name="copy" />}
          onClick={() => void navigator.clipboard.writeText(text)}
        >
          {t('yaml.copy')}
        </Button>
      </Modal>
    </>
  );
}
