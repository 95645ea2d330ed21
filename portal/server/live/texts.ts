/** JSON of objects, made once for each: all streams and lists share the text. Objects of stores are never changed. */
export interface Texts {
  jsonOf(object: object): string;
}

/** Makes an empty cache; an object that nobody holds any more takes its text with it. */
export function createTexts(): Texts {
  const texts = new WeakMap<object, string>();
  return {
    jsonOf(object) {
      const known = texts.get(object);
      if (known !== undefined) return known;
      const text = JSON.stringify(object);
      texts.set(object, text);
      return text;
    },
  };
}

/** A server-sent event. JSON has no line breaks of its own, so one `data` line holds it. */
export const eventText = (name: string, json: string): string => `event: ${name}\ndata: ${json}\n\n`;

/** The list of objects as JSON, from texts that are there already. */
export const listJson = (texts: Texts, objects: readonly object[]): string =>
  `[${objects.map(object => texts.jsonOf(object)).join(',')}]`;
