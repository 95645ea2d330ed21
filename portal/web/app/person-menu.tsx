import { Menu, UnstyledButton, useMantineColorScheme } from '@mantine/core';
import { useQueryClient } from '@tanstack/react-query';
import { Link } from 'wouter';
import type { Language, SessionInfo } from '#portal/api.ts';
import { keepLanguage, signOut } from '../data/actions.ts';
import { keys } from '../data/keys.ts';
import { useSignedIn } from '../data/queries.ts';
import { Icon } from '../design/icon.tsx';
import { problemOf } from '../errors/words.ts';
import { useText } from '../i18n/use-text.ts';
import { notify } from './announce.ts';
import css from './person-menu.module.css';

/** Who one is, and what belongs to oneself: the profile, the language, how the page looks, the way out. */
export function PersonMenu() {
  const texts = useText();
  const { t, language } = texts;
  const { user, role } = useSignedIn();
  const queries = useQueryClient();
  const { colorScheme, setColorScheme } = useMantineColorScheme();
  const other: Language = language === 'en' ? 'fr' : 'en';

  const failed = (error: unknown) => notify({ kind: 'problem', ...problemOf(error, texts) });
  const changeLanguage = () => {
    queries.setQueryData<SessionInfo>(keys.session, session => session && { ...session, language: other });
    keepLanguage(other).catch(failed);
  };
  const leave = () =>
    signOut().then(({ redirect }) => {
      window.location.assign(redirect);
    }, failed);

  return (
    <Menu position="bottom-end" width={248} shadow="md">
      <Menu.Target>
        <UnstyledButton className={css.person} aria-label={t('person.menu', { name: user.displayName })}>
          <span className={css.initial} data-initial={user.displayName.slice(0, 1).toUpperCase()} />
          <span className={css.name}>{user.displayName}</span>
          <Icon name="down" size={12} />
        </UnstyledButton>
      </Menu.Target>
      <Menu.Dropdown>
        <Menu.Label>
          {user.displayName} · {t(`role.${role}`)}
        </Menu.Label>
        <Menu.Item component={Link} href="/profile" leftSection={<Icon name="person" />}>
          {t('nav.profile')}
        </Menu.Item>
        {role === 'Admin' && (
          <Menu.Item component={Link} href="/isos" leftSection={<Icon name="disc" />}>
            {t('nav.isos')}
          </Menu.Item>
        )}
        <Menu.Item component={Link} href="/about" leftSection={<Icon name="book" />}>
          {t('nav.about')}
        </Menu.Item>
        <Menu.Divider />
        <Menu.Item lang={other} onClick={changeLanguage} leftSection={<span className={css.code}>{other}</span>}>
          {t('person.otherLanguage')}
        </Menu.Item>
        <Menu.Label>{t('person.look')}</Menu.Label>
        {(['light', 'dark', 'auto'] as const).map(scheme => (
          <Menu.Item
            key={scheme}
            onClick={() => setColorScheme(scheme)}
            leftSection={<Icon name={scheme === 'light' ? 'sun' : scheme === 'dark' ? 'moon' : 'screen'} />}
            rightSection={colorScheme === scheme ? <Icon name="check" /> : undefined}
          >
            {t(`look.${scheme}`)}
          </Menu.Item>
        ))}
        <Menu.Divider />
        <Menu.Item onClick={() => void leave()} leftSection={<Icon name="power" />}>
          {t('person.signOut')}
        </Menu.Item>
      </Menu.Dropdown>
    </Menu>
  );
}
