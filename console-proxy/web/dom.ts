/** The element of an id that the page has. */
export function byId(id: string): HTMLElement {
  const element = document.getElementById(id);
  if (!element) throw new Error(`the page has no #${id}`);
  return element;
}

/** A button; what it says is text, whoever wrote it. */
export function button(label: string, onClick: (self: HTMLButtonElement) => void): HTMLButtonElement {
  const element = document.createElement('button');
  element.type = 'button';
  element.textContent = label;
  element.addEventListener('click', () => onClick(element));
  return element;
}

/** A button that is on or off. */
export function toggle(label: string, isOn: boolean, onChange: (isOn: boolean) => void): HTMLButtonElement {
  const element = button(label, self => {
    const next = self.getAttribute('aria-pressed') !== 'true';
    self.setAttribute('aria-pressed', String(next));
    onChange(next);
  });
  element.setAttribute('aria-pressed', String(isOn));
  return element;
}

/** A menu that opens below its name; it closes when something in it was chosen, and by Escape. */
export function menu(label: string, ...content: HTMLElement[]): HTMLDetailsElement {
  const details = document.createElement('details');
  const summary = document.createElement('summary');
  summary.textContent = label;
  const body = document.createElement('div');
  body.append(...content);
  details.append(summary, body);
  details.addEventListener('keydown', event => {
    if (event.key !== 'Escape') return;
    details.open = false;
    summary.focus();
  });
  document.addEventListener('pointerdown', event => {
    if (event.target instanceof Node && !details.contains(event.target)) details.open = false;
  });
  return details;
}

/** A paragraph. */
export function paragraph(text: string): HTMLParagraphElement {
  const element = document.createElement('p');
  element.textContent = text;
  return element;
}

/** Says something over the picture, with buttons below; nothing hides it. */
export function notify(lines: string[], ...buttons: HTMLElement[]): void {
  const notice = byId('notice');
  notice.replaceChildren(...lines.map(paragraph));
  if (buttons.length > 0) {
    const row = document.createElement('div');
    row.append(...buttons);
    notice.append(row);
  }
  notice.hidden = lines.length === 0;
}
