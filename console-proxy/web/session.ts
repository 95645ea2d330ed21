/** What a page knows of its console. */
export interface SessionInfo {
  vm: string;
  namespace: string;
  type: 'VNC' | 'Serial';
  mode: 'Interactive' | 'ViewOnly';
  endsAt: string;
  /** Origins of the portals that may have opened this window. */
  portals: string[];
}

/** The session that this page's address names: `/screen/{namespace}/{name}`. */
const path = (): string => location.pathname.split('/').slice(2, 4).join('/');

/** Asks for what there is to know, by the cookie. Rejects with the word for why there is nothing. */
export async function readSession(): Promise<SessionInfo> {
  const answer = await fetch(`/session/${path()}`, { headers: { accept: 'application/json' } }).catch(() => undefined);
  if (!answer) throw new Error('Unavailable');
  const body = await answer.json();
  if (!answer.ok) throw new Error(String(body.reason ?? 'Unavailable'));
  return body;
}

/** A connection to the console. */
export function openSocket(): WebSocket {
  const socket = new WebSocket(`wss://${location.host}/session/${path()}/ws`, 'binary');
  socket.binaryType = 'arraybuffer';
  return socket;
}
