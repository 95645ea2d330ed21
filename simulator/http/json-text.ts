/** A part of an answer that is JSON already: long lists are not written anew for each call. */
export class JsonText {
  readonly text: string;

  constructor(text: string) {
    this.text = text;
  }
}
