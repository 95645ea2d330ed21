import { type ReactNode, useId } from 'react';
import css from './card.module.css';

interface CardProps {
  title: string;
  /** Stands at the end of the heading's line. */
  aside?: ReactNode;
  children: ReactNode;
  flush?: boolean;
}

/** A titled part of a page. */
export function Card({ title, aside, children, flush }: CardProps) {
  const id = useId();
  return (
    <section className={css.card} aria-labelledby={id}>
      <div className={css.head}>
        <h2 id={id}>{title}</h2>
        {aside}
      </div>
      <div className={flush ? css.flush : css.body}>{children}</div>
    </section>
  );
}
