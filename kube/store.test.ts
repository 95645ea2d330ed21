import { describe, expect, it } from 'vitest';
import type { KubeObject } from './resource.ts';
import { Store } from './store.ts';

interface Thing extends KubeObject {
  spec?: { refersTo: string };
}

function thing(name: string, uid: string, resourceVersion: string, refersTo = ''): Thing {
  return { metadata: { namespace: 'ns', name, uid, resourceVersion }, spec: { refersTo } };
}

describe('a store', () => {
  it('tells an addition, an update, and nothing for a state that it knows', () => {
    const store = new Store<Thing>();
    const kinds = ['1', '2', '2'].map(version => store.put(thing('a', 'u1', version)).map(({ kind }) => kind));
    expect(kinds).toEqual([['added'], ['updated'], []]);
  });

  it('tells a deletion and an addition, in this order, for another UID under the same name', () => {
    const store = new Store<Thing>();
    store.put(thing('a', 'u1', '1'));
    const changes = store.put(thing('a', 'u2', '5'));
    expect(changes.map(({ kind, object }) => [kind, object.metadata.uid])).toEqual([
      ['deleted', 'u1'],
      ['added', 'u2'],
    ]);
  });

  it('ignores the late deletion of an object whose name another has by now', () => {
    const store = new Store<Thing>();
    store.put(thing('a', 'u2', '5'));
    expect(store.delete('ns/a', thing('a', 'u1', '4'))).toEqual([]);
    expect(store.get('ns/a')?.metadata.uid).toBe('u2');
  });

  it('keeps no managedFields', () => {
    const store = new Store<Thing>();
    const object = thing('a', 'u1', '1');
    store.put({ ...object, metadata: { ...object.metadata, managedFields: [{}] } as Thing['metadata'] });
    expect(store.get('ns/a')).toEqual(object);
  });

  it('knows whether it has seen a write, however many digits the numbers have', () => {
    const store = new Store<Thing>();
    expect(store.hasSeen('1')).toBe(false);
    store.advance('999');
    expect([store.hasSeen('998'), store.hasSeen('999'), store.hasSeen('1000')]).toEqual([true, true, false]);
    store.advance('1000');
    expect(store.hasSeen('1000')).toBe(true);
  });

  it('finds objects by index through their whole life', () => {
    const store = new Store<Thing>({ refersTo: object => (object.spec?.refersTo ? [object.spec.refersTo] : []) });
    const namesOf = (value: string) => store.byIndex('refersTo', value).map(({ metadata }) => metadata.name);
    store.put(thing('a', 'u1', '1', 'x'));
    store.put(thing('b', 'u2', '2', 'x'));
    expect(namesOf('x')).toEqual(['a', 'b']);
    store.put(thing('a', 'u1', '3', 'y'));
    expect([namesOf('x'), namesOf('y')]).toEqual([['b'], ['a']]);
    store.delete('ns/b', thing('b', 'u2', '4', 'x'));
    expect(namesOf('x')).toEqual([]);
    expect(() => store.byIndex('other', 'x')).toThrow('no index "other"');
  });
});
