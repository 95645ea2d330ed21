import { Menu } from '@mantine/core';
import { Icon, type IconName } from '../design/icon.tsx';
import { useText } from '../i18n/use-text.ts';
import { dangerous, type PowerAction } from './abilities.ts';

const icons: Record<PowerAction, IconName> = {
  Start: 'play',
  Shutdown: 'power',
  Restart: 'restart',
  Pause: 'pause',
  Stop: 'stop',
  Reset: 'restart',
};

/** Power actions in a menu, those that can lose something apart. */
export function PowerItems({ actions, onPick }: { actions: PowerAction[]; onPick: (action: PowerAction) => void }) {
  const { t } = useText();
  const item = (action: PowerAction) => (
    <Menu.Item
      key={action}
      leftSection={<Icon name={icons[action]} />}
      color={dangerous.has(action) ? 'var(--bad)' : undefined}
      onClick={() => onPick(action)}
    >
      {t(`power.${action}`)}
    </Menu.Item>
  );
  const risky = actions.filter(action => dangerous.has(action));
  return (
    <>
      {actions.filter(action => !dangerous.has(action)).map(item)}
      {risky.length > 0 && <Menu.Divider />}
      {risky.map(item)}
    </>
  );
}
