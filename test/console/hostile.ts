import { deflateSync } from 'node:zlib';
import type { ConsoleServer } from '#simulator/screen/cluster.ts';
import { handshake, relay } from '#simulator/screen/websocket.ts';

/** What a hostile server says once somebody has logged in; `send` answers whether there is still anybody. */
export type Attack = (send: (bytes: Buffer) => Promise<boolean>) => Promise<void>;

const int = (length: number) => (value: number) => {
  const bytes = Buffer.alloc(length);
  if (value < 0) bytes.writeIntBE(value, 0, length);
  else bytes.writeUIntBE(value, 0, length);
  return bytes;
};
const [uint8, uint16, uint32] = [int(1), int(2), int(4)];

/** Red, 32 bits. */
const format = Buffer.from([32, 24, 0, 1, 0, 255, 0, 255, 0, 255, 16, 8, 0, 0, 0, 0]);

/** RFC 6143, 7.3.2: how large the screen is, and its name. */
const init = (width: number, height: number, name = 'innocent') =>
  Buffer.concat([uint16(width), uint16(height), format, uint32(Buffer.byteLength(name)), Buffer.from(name)]);

/** A FramebufferUpdate of one rectangle. */
const picture = (x: number, y: number, width: number, height: number, encoding: number, ...content: Buffer[]) =>
  Buffer.concat([uint8(0), uint8(0), uint16(1), ...[x, y, width, height].map(uint16), uint32(encoding), ...content]);

const script = '<img src=x onerror="window.pwned=1"><script>window.pwned=1</script>';
const cutText = (text: string) => Buffer.concat([uint8(3), Buffer.alloc(3), uint32(text.length), Buffer.from(text)]);
const megabyte = Buffer.alloc(2 ** 20, 65);

/** Says the same again and again, up to so often. */
const flood =
  (times: number, bytes: Buffer, first: Buffer): Attack =>
  async send => {
    await send(first);
    for (let said = 0; said < times; said++) if (!(await send(bytes))) return;
  };
const say =
  (...bytes: Buffer[]): Attack =>
  async send =>
    void (await send(Buffer.concat(bytes)));

/** Servers whose picture cannot be shown: the page has to say so. */
export const unreadable: Record<string, Attack> = {
  'a screen of 65535x65535': say(init(65_535, 65_535)),
  'a screen that grows to 16384x16384': say(init(640, 480), picture(0, 0, 16_384, 16_384, -223)),
  'a name that never ends': flood(64, megabyte, Buffer.concat([init(640, 480).subarray(0, 20), uint32(0xffffffff)])),
  'a rectangle beside the screen': say(init(640, 480), picture(60_000, 60_000, 5_000, 5_000, 0)),
  'a rectangle of 16 GB': say(init(640, 480), picture(0, 0, 65_535, 65_535, 7, uint8(0), uint8(0x83), Buffer.alloc(3))),
  'an encoding that nobody knows': say(init(640, 480), picture(0, 0, 10, 10, 0x12345678, Buffer.alloc(400, 1))),
  'garbage for ZRLE': say(init(640, 480), picture(0, 0, 64, 64, 16, uint32(100), Buffer.alloc(100, 0xee))),
  'too little in Tight': say(
    init(640, 480),
    picture(0, 0, 640, 480, 7, uint8(0), uint8(20), deflateSync(Buffer.alloc(3)), Buffer.alloc(9)),
  ),
  'a message that nobody knows': say(init(640, 480), Buffer.alloc(1_000, 0x77)),
  'a cursor of 17 GB': flood(64, megabyte, Buffer.concat([init(640, 480), picture(1, 1, 65_535, 65_535, -239)])),
};

/** Servers that are a nuisance: the picture goes on. */
export const bearable: Record<string, Attack> = {
  'scripts in its name and its clipboard': say(
    init(640, 480, script),
    picture(0, 0, script.length, 1, -307, uint32(script.length), Buffer.from(script)),
    cutText(script),
  ),
  'a clipboard of 64 MB, and a thousand bells': async send => {
    await send(Buffer.concat([init(640, 480), Buffer.alloc(1_000, 2)]));
    for (let said = 0; said < 64; said++) if (!(await send(cutText(String(megabyte))))) return;
  },
};

/** Says nothing at all. */
export const mute: Attack = () => new Promise(() => {});

/** Shows a screen to who logs in, by this attack; then a red square, where anybody is left. */
export const hostileConsole =
  (attack: Attack): ConsoleServer =>
  ({ closed }, request, socket, head) => {
    const shake = handshake(request.headers);
    if (!shake.ok) throw new Error(shake.message);
    socket.write(shake.head);
    relay(socket, head, stream => {
      const send = (bytes: Buffer) =>
        new Promise<boolean>(resolve => {
          stream.send(bytes);
          const settle = () => {
            socket.off('drain', settle).off('close', settle);
            resolve(socket.writable);
          };
          if (socket.writable && socket.writableLength > 2 ** 20) socket.on('drain', settle).on('close', settle);
          else setImmediate(settle);
        });
      const square = picture(0, 0, 100, 100, 0, Buffer.alloc(40_000, Buffer.from([0, 0, 255, 0])));
      // Version, kind of security, challenge's answer, ClientInit: whatever they are, and then the attack.
      const steps = [Buffer.from([1, 2]), Buffer.alloc(16, 7), uint32(0), undefined];
      const lengths = [12, 1, 16, 1];
      let received = 0;
      stream.send(Buffer.from('RFB 003.008\n'));
      return {
        receive(bytes) {
          received += bytes.length;
          while (steps.length > 0 && received >= (lengths[0] ?? 0)) {
            received -= lengths.shift() ?? 0;
            const answer = steps.shift();
            if (answer) stream.send(answer);
            else void attack(send).then(() => send(square));
          }
        },
        closed,
      };
    });
  };
