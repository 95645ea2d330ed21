import { notify } from './dom.ts';
import { messages } from './messages.ts';

// The verifier came in the fragment, which no server sees. It is taken out of the address and the history at once.
const [namespace, name, verifier] = location.hash.slice(1).split('/');
history.replaceState(null, '', '/open');

if (namespace && name && verifier && /^[\w-]{43}$/.test(verifier)) {
  notify([messages().connecting]);
  const form = document.createElement('form');
  form.method = 'post';
  form.action = `/s/${encodeURIComponent(namespace)}/${encodeURIComponent(name)}`;
  const field = document.createElement('input');
  field.type = 'hidden';
  field.name = 'verifier';
  field.value = verifier;
  form.append(field);
  document.body.append(form);
  form.submit();
} else {
  notify([messages().NotFound, messages().newOne]);
}
