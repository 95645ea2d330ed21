import { Button, Menu } from '@mantine/core';
import { useState } from 'react';
import { Link } from 'wouter';
import type { VirtualMachine, VmQuota, VmTemplate } from '#api/kinds.ts';
import type { MachineRights } from '#portal/api.ts';
import { Icon } from '../design/icon.tsx';
import { StateWord } from '../design/state-word.tsx';
import { useText } from '../i18n/use-text.ts';
import { powerOf, primaryOf } from './abilities.ts';
import css from './machine-page.module.css';
import { OsMark } from './os-mark.tsx';
import { PowerItems } from './power-items.tsx';
import { ResizeDialog } from './resize-dialog.tsx';
import type { State } from './state.ts';
import { useConsole } from './use-console.ts';
import { useDelete } from './use-delete.ts';
import { usePower } from './use-power.ts';
import { YamlButton } from './yaml-button.tsx';

interface MachineHeadProps {
  machine: VirtualMachine;
  state: State;
  /** Undefined until it is known; then nothing is offered. */
  can: MachineRights | undefined;
  template: VmTemplate | undefined;
  quota: VmQuota | undefined;
}

/** What the machine is called and does, and what can be done with it. */
export function MachineHead({ machine, state, can, template, quota }: MachineHeadProps) {
  const { t } = useText();
  const power = usePower();
  const openConsole = useConsole();
  const remove = useDelete();
  const [busy, setBusy] = useState(false);
  const [resizing, setResizing] = useState(false);
  const { metadata, spec, status } = machine;
  const { name, namespace = '' } = metadata;
  const primary = can && primaryOf(state, can);
  const actions = can ? powerOf(state, can) : [];
  const rest = actions.filter(action => !(primary === 'Start' && action === 'Start'));
  const act = async () => {
    setBusy(true);
    await (primary === 'Console' ? openConsole(machine) : power('Start', machine));
    setBusy(false);
  };
  const templateName = template?.spec.displayName ?? spec.source.template?.name ?? spec.source.iso?.name;
  const place =
    status?.vmid !== undefined && status.node ? t('machine.place', { vmid: status.vmid, node: status.node }) : '';
  const deleting = state === 'Deleting';
  return (
    <>
      <Link href="/" className={css.back}>
        <Icon name="back" size={14} />
        {t('home.title')}
      </Link>
      <div className={css.head}>
        <OsMark name={spec.source.template?.name ?? spec.source.iso?.name ?? ''} template={template} large />
        <div className={css.title}>
          <h1>
            {name} <StateWord state={state} large />
          </h1>
          <p className={css.facts}>{[namespace, templateName, place].filter(Boolean).join(' · ')}</p>
        </div>
        <div className={css.actions}>
          {primary && (
            <Button
              leftSection={<Icon name={primary === 'Console' ? 'screen' : 'play'} />}
              loading={busy}
              onClick={() => void act()}
            >
              {t(primary === 'Console' ? 'console.open' : 'power.Start')}
            </Button>
          )}
          {rest.length > 0 && (
            <Menu position="bottom-end" shadow="md" width={230}>
              <Menu.Target>
                <Button
                  variant="default"
                  leftSection={<Icon name="power" />}
                  rightSection={<Icon name="down" size={12} />}
                >
                  {t('power.menu')}
                </Button>
              </Menu.Target>
              <Menu.Dropdown>
                <PowerItems actions={rest} onPick={action => void power(action, machine)} />
              </Menu.Dropdown>
            </Menu>
          )}
          {can?.update && !deleting && (
            <Button variant="default" leftSection={<Icon name="resize" />} onClick={() => setResizing(true)}>
              {t('resize.button')}
            </Button>
          )}
          <YamlButton machine={machine} command={`kubectl -n ${namespace} get vm ${name} -o yaml`} />
          {can?.delete && !deleting && (
            <Button
              variant="subtle"
              color="var(--bad)"
              leftSection={<Icon name="trash" />}
              onClick={() => void remove(machine)}
            >
              {t('delete.button')}
            </Button>
          )}
        </div>
      </div>
      {resizing && <ResizeDialog machine={machine} quota={quota} close={() => setResizing(false)} />}
    </>
  );
}
