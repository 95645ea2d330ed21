/** The part of noVNC that is used here (its docs/API.md); it has no types of its own. */
declare module '@novnc/novnc' {
  interface Events {
    connect: CustomEvent<object>;
    clipboard: CustomEvent<{ text: string }>;
    /** Not clean where noVNC did not understand what came, or the connection was lost. */
    disconnect: CustomEvent<{ clean: boolean }>;
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

    // Not of the API: what is looked at by guarded-rfb.ts.
    protected _fbWidth: number;
    protected _fbHeight: number;
    protected _FBU: { x: number; y: number; width: number; height: number };
    protected _resize(width: number, height: number): void;
    protected _handleDataRect(): boolean;
    protected _fail(details: string): false;
  }
}
