/** Numbers that look random and are the same for the same seed. */
export interface Random {
  /** A whole number from 0 up to and without `below`. */
  integer: (below: number) => number;
}

/** Marsaglia's xorshift, which is fast, and as random as a walk needs. */
export function random(seed: number): Random {
  let state = (seed * 2_654_435_761 + 1) | 0 || 1;
  return {
    integer(below) {
      state ^= state << 13;
      state ^= state >>> 17;
      state ^= state << 5;
      return (state >>> 0) % below;
    },
  };
}
