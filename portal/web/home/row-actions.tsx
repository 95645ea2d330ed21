import { ActionIcon, Menu } from '@mantine/core';
import { useState } from 'react';
import { Link } from 'wouter';
import type { VirtualMachine } from '#api/kinds.ts';
import type { TenantRights } from '#portal/api.ts';
import { Icon } from '../design/icon.tsx';
import { useText } from '../i18n/use-text.ts';
import { powerOf, primaryOf } from '../machine/abilities.ts';
import { PowerItems } from '../machine/power-items.tsx';
import type { State } from '../machine/state.ts';
import { useConsole } from '../machine/use-console.ts';
import { usePower } from '../machine/use-power.ts';

interface RowActionsProps {
  machine: VirtualMachine;
  state: State;
  can: TenantRights;
}

/** The first thing to do with a machine as a button, the rest in a menu. */
export function RowActions({ machine, state, can }: RowActionsProps) {
  const { t } = useText();
  const power = usePower();
  const open = useConsole();
  const [busy, setBusy] = useState(false);
  const { name, namespace } = machine.metadata;
  const primary = primaryOf(state, can);
  const actions = powerOf(state, can);
  const act = async () => {
    setBusy(true);
    await (primary === 'Console' ? open(machine) : power('Start', machine));
    setBusy(false);
  };
  return (
    <>
      {primary && (
        <ActionIcon
          variant="light"
          size="lg"
          loading={busy}
          onClick={() => void act()}
          aria-label={t(primary === 'Console' ? 'row.console' : 'row.start', { name })}
          title={t(primary === 'Console' ? 'console.open' : 'power.Start')}
        >
          <Icon name={primary === 'Console' ? 'screen' : 'play'} size={18} />
        </ActionIcon>
      )}
      <Menu position="bottom-end" shadow="md" width={220}>
        <Menu.Target>
          <ActionIcon variant="subtle" color="gray" size="lg" aria-label={t('row.more', { name })}>
            <Icon name="more" size={18} />
          </ActionIcon>
        </Menu.Target>
        <Menu.Dropdown>
          <Menu.Item component={Link} href={`/machines/${namespace}/${name}`} leftSection={<Icon name="machine" />}>
            {t('row.details')}
          </Menu.Item>
          <PowerItems actions={actions} onPick={action => void power(action, machine)} />
        </Menu.Dropdown>
      </Menu>
    </>
  );
}
