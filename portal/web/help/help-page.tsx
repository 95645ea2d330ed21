import { useQuery } from '@tanstack/react-query';
import { Link } from 'wouter';
import type { Language } from '#portal/api.ts';
import { useTitle } from '../app/use-title.ts';
import { Waiting } from '../app/waiting.tsx';
import { useSignedIn } from '../data/queries.ts';
import { NotFoundPage } from '../errors/not-found.tsx';
import { useText } from '../i18n/use-text.ts';
import Markdown from '../machine/markdown.tsx';
import css from './help-page.module.css';
import type { Topics } from './topics.ts';

const books: Record<Language, () => Promise<{ default: Topics }>> = {
  en: () => import('./topics-en.ts'),
  fr: () => import('./topics-fr.ts'),
};

/** The documentation, in the person's language; pages for administrators are for them only. */
export default function HelpPage({ topic }: { topic?: string }) {
  const { t, language } = useText();
  const { role } = useSignedIn();
  const { data } = useQuery({
    queryKey: ['help', language],
    queryFn: () => books[language]().then(({ default: topics }) => topics),
  });
  const topics = data?.filter(({ admin }) => !admin || role === 'Admin');
  const current = topic === undefined ? topics?.[0] : topics?.find(({ name }) => name === topic);
  useTitle(current?.title ?? t('nav.help'));
  if (!topics) return <Waiting />;
  if (!current) return <NotFoundPage />;
  return (
    <div className={css.page}>
      <nav className={css.contents} aria-label={t('help.contents')}>
        {topics.map(({ name, title }) => (
          <Link key={name} href={`/help/${name}`} aria-current={name === current.name ? 'page' : undefined}>
            {title}
          </Link>
        ))}
      </nav>
      <article className={css.article}>
        <h1>{current.title}</h1>
        <Markdown text={current.text} />
      </article>
    </div>
  );
}
