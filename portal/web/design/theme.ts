import { createTheme, type MantineColorsTuple } from '@mantine/core';

const harbour: MantineColorsTuple = [
  '#e9f4f6',
  '#d3e8ec',
  '#a5d0d8',
  '#74b7c3',
  '#4ca1b1',
  '#2b8798',
  '#17707f',
  '#0b5563',
  '#09444f',
  '#06323b',
];

/** Mantine in Berth's colours and measures; the rest is in base.css. */
export const theme = createTheme({
  colors: { harbour },
  primaryColor: 'harbour',
  primaryShade: { light: 7, dark: 6 },
  fontFamily: 'var(--sans)',
  fontFamilyMonospace: 'var(--mono)',
  defaultRadius: 'md',
  cursorType: 'pointer',
  respectReducedMotion: true,
});
