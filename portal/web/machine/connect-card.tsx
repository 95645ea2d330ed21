import { Button } from '@mantine/core';
import type { VirtualMachine, VmTemplate } from '#api/kinds.ts';
import type { MachineRights } from '#portal/api.ts';
import { Card } from '../design/card.tsx';
import { CopyLine } from '../design/copy-line.tsx';
import { Icon } from '../design/icon.tsx';
import { useText } from '../i18n/use-text.ts';
import { addressesOf } from './addresses.ts';
import css from './connect-card.module.css';
import { drawingOf } from './os-mark.tsx';
import { conditionOf, type State } from './state.ts';
import { useConsole } from './use-console.ts';
import { usePower } from './use-power.ts';

interface ConnectCardProps {
  machine: VirtualMachine;
  state: State;
  can: MachineRights | undefined;
  template: VmTemplate | undefined;
}

/** How to get into the machine: its consoles, its addresses, and a line to paste. */
export function ConnectCard({ machine, state, can, template }: ConnectCardProps) {
  const { t } = useText();
  const open = useConsole();
  const power = usePower();
  const running = state === 'Running' || state === 'Changing';
  const addresses = addressesOf(machine);
  const [first] = addresses;
  const user = machine.spec.cloudInit?.user;
  const windows = drawingOf(machine.spec.source.iso?.name ?? '', template) === 'windows';
  const agent = conditionOf(machine, 'GuestAgentReady');
  return (
    <Card title={t('connect.title')}>
      <div className={css.connect}>
        {can?.console && running && (
          <div className={css.consoles}>
            <Button variant="light" leftSection={<Icon name="screen" />} onClick={() => void open(machine)}>
              {t('console.screen')}
            </Button>
            <Button
              variant="default"
              leftSection={<Icon name="code" />}
              onClick={() => void open(machine, { type: 'Serial' })}
            >
              {t('console.serial')}
            </Button>
            <Button variant="default" onClick={() => void open(machine, { mode: 'ViewOnly' })}>
              {t('console.viewOnly')}
            </Button>
          </div>
        )}
        {!running && (
          <div className={css.off}>
            <p>{t(state === 'Stopped' ? 'console.off' : 'console.later')}</p>
            {state === 'Stopped' && can?.update && (
              <Button
                variant="light"
                size="compact-sm"
                leftSection={<Icon name="play" size={14} />}
                onClick={() => void power('Start', machine)}
              >
                {t('power.Start')}
              </Button>
            )}
          </div>
        )}
        {first !== undefined && (
          <>
            <CopyLine
              label={t(windows ? 'connect.rdp' : 'connect.ssh')}
              text={windows ? `mstsc /v:${first}` : `ssh ${user ? `${user}@` : ''}${first}`}
            />
            <ul className={css.addresses}>
              {addresses.map(address => (
                <li key={address} className="mono">
                  {address}
                </li>
              ))}
            </ul>
          </>
        )}
        {first === undefined && running && (
          <p className="quiet small">
            {t(agent?.reason === 'AgentDisabled' ? 'connect.agentDisabled' : 'connect.noAddress')}
          </p>
        )}
      </div>
    </Card>
  );
}
