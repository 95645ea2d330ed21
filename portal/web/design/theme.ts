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

/** Mantine's greys of the dark look, with a little of the harbour in them. */
const dark: MantineColorsTuple = [
  '#c8d3d1',
  '#a9b8b6',
  '#8b9b99',
  '#5d6d6c',
  '#3a494b',
  '#2a3739',
  '#192326',
  '#141d1f',
  '#0f1719',
  '#0b1214',
];

/** Mantine in Berth's colours and measures; the rest is in base.css. */
export const theme = createTheme({
  colors: { harbour, dark },
  primaryColor: 'harbour',
  primaryShade: { light: 7, dark: 6 },
  fontFamily: 'var(--sans)',
  fontFamilyMonospace: 'var(--mono)',
  defaultRadius: 'md',
  cursorType: 'pointer',
  respectReducedMotion: true,
});
