import { expect, test } from 'vitest';
import { terminalFilter } from './client-filter.ts';

const typed = Buffer.from('0:6:\u00e9cho');

test('F86: what is typed goes on, and a new size', () => {
  const filter = terminalFilter(false);
  expect(filter.take(Buffer.from('0:2:ls'))).toEqual({ pass: Buffer.from('0:2:ls'), typed: true });
  expect(filter.take(Buffer.from('1:80:24:'))).toEqual({ pass: Buffer.from('1:80:24:'), typed: false });
});

test('who may only look types nothing', () => {
  expect(terminalFilter(true).take(Buffer.from('0:2:ls'))).toEqual({ pass: Buffer.alloc(0), typed: false });
});

test.each([typed, Buffer.from('0:99999:a'), Buffer.from('0:1:'), Buffer.from('1:80:24:0:1:a'), Buffer.from('hello')])(
  '%s is refused',
  bytes => {
    expect(() => terminalFilter(false).take(bytes)).toThrow(expect.objectContaining({ name: 'ProtocolError' }));
  },
);
