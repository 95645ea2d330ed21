/** The releases that the simulator can be, by the schema that each was stated from. */
export type Release = '8.4' | '9.2';

/** What one parameter of a route, or one key of a property string, may hold. */
export interface Parameter {
  type: 'string' | 'integer' | 'number' | 'boolean' | 'array';
  /** May be left out. */
  optional: boolean;
  /** The name of a check in formats.ts; `-list` and `-opt` at its end are part of the notation. */
  format?: string;
  /** The keys of the property string that the value is, such as those of `net0`. */
  properties?: PropertyTable;
  /** Inclusive limits of the number; of a string too, where it reads as a number. */
  minimum?: number;
  maximum?: number;
  /** Inclusive limits of the number of characters. */
  minLength?: number;
  maxLength?: number;
  /** Anchored at both ends. */
  pattern?: RegExp;
  enum?: readonly string[];
  /** The parameter that must be there as well. */
  requires?: string;
  /** What each element of an array may hold. */
  items?: Parameter;
}

/** The keys of a property string: `virtio=52:54:00:00:00:01,bridge=vmbr0,tag=10`. */
export interface PropertyTable {
  /** The name of the format, or of the parameter that has this table of its own. */
  name: string;
  release: Release;
  /** The key that a part without `=` sets. */
  keyless?: string;
  keys: ReadonlyMap<string, Parameter>;
  /** Other names of keys. With `names`, the alias itself is the value of that key: `virtio=MAC` says the model too. */
  aliases: ReadonlyMap<string, { key: string; names?: string }>;
}
