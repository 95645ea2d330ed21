import { type Person, personKey } from './person.ts';
import { Viewer, type Views } from './viewer.ts';

/** A viewer that nobody used for this long is forgotten. */
const idleMs = 300_000;

/** The viewers of everybody who is here, one for each person. */
export class Viewers {
  readonly #views: Views;
  readonly #viewers = new Map<string, { viewer: Viewer; usedAt: number }>();

  constructor(views: Views) {
    this.#views = views;
  }

  /** The viewer of a person, up to date. Rejects with KubeError. */
  async of(person: Person): Promise<Viewer> {
    const viewer = this.#viewerOf(person);
    await viewer.refresh();
    return viewer;
  }

  /** The viewer of a person, whatever it knows. */
  #viewerOf(person: Person): Viewer {
    const key = personKey(person);
    const known = this.#viewers.get(key);
    // A forwarded token is newer in a newer session.
    const viewer =
      known && known.viewer.person.idToken === person.idToken ? known.viewer : new Viewer(person, this.#views);
    this.#viewers.set(key, { viewer, usedAt: this.#views.now() });
    return viewer;
  }

  /** The viewer of a person for a question about one machine: nothing else is asked. */
  peek(person: Person): Viewer {
    return this.#viewerOf(person);
  }

  /** Forgets those who left. */
  sweep(): void {
    for (const [key, { usedAt }] of this.#viewers) if (this.#views.now() - usedAt > idleMs) this.#viewers.delete(key);
  }

  get size(): number {
    return this.#viewers.size;
  }
}
