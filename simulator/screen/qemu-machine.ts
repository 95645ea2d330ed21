import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdtemp, rm, truncate, writeFile } from 'node:fs/promises';
import { createConnection, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { z } from 'zod';
import { bootSector } from './boot-sector.ts';
import { Qmp } from './qmp.ts';

const PROGRAM = 'qemu-system-x86_64';
const MEMORY_MIB = 32;
const DISK_BYTES = 64 * 1024 * 1024;

/** QEMU makes its sockets within this time after its start. */
const START_MS = 60_000;
const START_POLL_MS = 20;

/** After `quit` QEMU has this long before it is killed, as after Proxmox's own. */
const QUIT_MS = 10_000;

/** A password for VNC is good for this long [qemu-server, qm vncproxy]. */
const PASSWORD_SECONDS = 30;

/** Where QEMU is installed, or undefined: machines then have a drawn screen. @param path The search path. */
export function findQemu(path: string): string | undefined {
  return path
    .split(delimiter)
    .map(folder => join(folder, PROGRAM))
    .find(program => existsSync(program));
}

/** A real machine: QEMU without acceleration, a small disk of its own, and its screen and monitor on local sockets. */
export class QemuMachine {
  /** Where its disk and its sockets are. */
  readonly folder: string;
  readonly #child: ChildProcess;
  readonly #qmp: Qmp;
  readonly #kill = () => this.#child.kill('SIGKILL');

  private constructor(folder: string, child: ChildProcess, qmp: Qmp) {
    this.folder = folder;
    this.#child = child;
    this.#qmp = qmp;
    // Or QEMU would outlive us.
    process.once('exit', this.#kill);
  }

  /**
   * Starts QEMU; its disk says `name`. Resolves when its monitor answers.
   * @throws Error with QEMU's words if it does not start.
   */
  static async start(program: string, name: string): Promise<QemuMachine> {
    const folder = await mkdtemp(join(tmpdir(), 'berth-qemu-'));
    const disk = join(folder, 'disk.raw');
    await writeFile(disk, bootSector(`${name}: type, and it echoes\r\n`));
    await truncate(disk, DISK_BYTES);
    const child = spawn(program, programArguments(name, folder, disk), { stdio: ['ignore', 'ignore', 'pipe'] });
    let complaint = '';
    child.stderr.on('data', (text: Buffer) => {
      complaint += text.toString();
    });
    const failed = once(child, 'exit').then(() => {
      throw new Error(`QEMU ended: ${complaint}`);
    });
    // It ends one day; that is a failure only while it starts.
    failed.catch(() => undefined);
    try {
      const qmp = await Promise.race([connectSoon(join(folder, 'qmp')), failed]);
      return new QemuMachine(folder, child, qmp);
    } catch (error) {
      child.kill('SIGKILL');
      await rm(folder, { recursive: true });
      throw error;
    }
  }

  /** Sets the password that the next viewer must know, and connects to the screen: RFB from the first byte on. */
  async connectScreen(password: string): Promise<Socket> {
    await this.#qmp.execute('set_password', { protocol: 'vnc', password });
    await this.#qmp.execute('expire_password', { protocol: 'vnc', time: `+${PASSWORD_SECONDS}` });
    const socket = createConnection(join(this.folder, 'vnc'));
    await once(socket, 'connect');
    return socket;
  }

  /** Presses the power button; the system inside does as it likes. */
  async powerDown(): Promise<void> {
    await this.#qmp.execute('system_powerdown');
  }

  async reset(): Promise<void> {
    await this.#qmp.execute('system_reset');
  }

  /** Halts the processor, or lets it go on. */
  async pause(isPaused: boolean): Promise<void> {
    await this.#qmp.execute(isPaused ? 'stop' : 'cont');
  }

  /** Whether the processor is halted. */
  async isPaused(): Promise<boolean> {
    const { status } = z.object({ status: z.string() }).parse(await this.#qmp.execute('query-status'));
    return status === 'paused';
  }

  /** Ends QEMU and removes its disk. */
  async quit(): Promise<void> {
    const exit = this.#child.exitCode === null ? once(this.#child, 'exit') : Promise.resolve();
    const timer = setTimeout(this.#kill, QUIT_MS);
    // QEMU may go before it answers.
    this.#qmp.execute('quit').catch(() => undefined);
    await exit;
    clearTimeout(timer);
    process.off('exit', this.#kill);
    this.#qmp.close();
    await rm(this.folder, { recursive: true, force: true });
  }
}

function programArguments(name: string, folder: string, disk: string): string[] {
  return [
    ...['-name', name, '-nodefaults', '-machine', 'pc,accel=tcg', '-m', `${MEMORY_MIB}`, '-display', 'none'],
    ...['-vga', 'std', '-drive', `file=${disk},format=raw,if=ide`],
    ...['-vnc', `unix:${join(folder, 'vnc')},password=on`],
    ...['-qmp', `unix:${join(folder, 'qmp')},server=on,wait=off`],
  ];
}

/** Connects as soon as somebody listens: the socket is there a little earlier. */
async function connectSoon(path: string): Promise<Qmp> {
  for (let waited = 0; waited < START_MS; waited += START_POLL_MS) {
    const qmp = existsSync(path) && (await Qmp.connect(path).catch(unlessRefused));
    if (qmp) return qmp;
    await sleep(START_POLL_MS);
  }
  throw new Error('QEMU made no monitor');
}

function unlessRefused(error: NodeJS.ErrnoException): undefined {
  if (error.code !== 'ECONNREFUSED') throw error;
}
