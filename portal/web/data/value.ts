import { useSyncExternalStore } from 'react';

/** A value that changes outside of React, with those who want to know. */
export interface Value<T> {
  get: () => T;
  set: (next: T) => void;
  subscribe: (listener: () => void) => () => void;
}

/** Makes a {@link Value}. */
export function createValue<T>(initial: T): Value<T> {
  let current = initial;
  const listeners = new Set<() => void>();
  return {
    get: () => current,
    set(next) {
      if (Object.is(current, next)) return;
      current = next;
      for (const listener of listeners) listener();
    },
    subscribe(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
  };
}

/** The value now; the component is rendered again when it changes. */
export const useValue = <T>(value: Value<T>): T => useSyncExternalStore(value.subscribe, value.get);
