import { notify } from './dom.ts';
import { currentLanguage, messages, sentenceFor } from './messages.ts';

const reason = document.querySelector<HTMLMetaElement>('meta[name="berth-reason"]')?.content ?? 'Unavailable';
document.documentElement.lang = currentLanguage();
notify([sentenceFor(reason), messages().newOne]);
