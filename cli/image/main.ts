import { stripSources } from './strip.ts';

// Takes the types off the sources, for the image: node cli/image/main.ts OUT.

const [, , out] = process.argv;
if (out === undefined) throw new Error('node cli/image/main.ts OUT: where is the JavaScript to go?');
await stripSources('.', out);
