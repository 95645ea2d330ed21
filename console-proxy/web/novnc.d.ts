/** The part of noVNC that is used here (its docs/API.md); it has no types of its own. */
declare module '@novnc/novnc' {
  interface Events {
    connect: CustomEvent<object>;
    clipboard: CustomEvent<{ text: string }>;
  }

  export default class RFB {
    constructor(target: HTMLElement, channel: WebSocket, options: { shared: boolean });
    scaleViewport: boolean;
    viewOnly: boolean;
    background: string;
    addEventListener<Name extends keyof Events>(name: Name, listener: (event: Events[Name]) => void): void;
    clipboardPasteFrom(text: string): void;
    disconnect(): void;
    focus(): void;
    sendCtrlAltDel(): void;
    sendKey(keysym: number, code: string | null, down?: boolean): void;
  }
}
