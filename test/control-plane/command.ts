import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';

/** A program to run to its end. */
export interface Command {
  file: string;
  args: readonly string[];
  cwd?: string;
  env: NodeJS.ProcessEnv;
  signal: AbortSignal;
  /** Told each line of standard error. */
  onErrorLine?: (line: string) => void;
}

const QUOTED_LINES = 15;

/**
 * Runs a command without a shell and resolves with its standard output. Rejects with the last lines of its standard
 * error when it fails, with ENOENT when there is no such program, and with an AbortError.
 */
export function run({ file, args, cwd, env, signal, onErrorLine }: Command): Promise<string> {
  return new Promise((resolve, reject) => {
    const child = spawn(file, args, { cwd, env, signal, stdio: ['ignore', 'pipe', 'pipe'] });
    const lastLines: string[] = [];
    let output = '';
    child.stdout.setEncoding('utf8').on('data', text => {
      output += text;
    });
    createInterface({ input: child.stderr }).on('line', line => {
      lastLines.push(line);
      if (lastLines.length > QUOTED_LINES) lastLines.shift();
      onErrorLine?.(line);
    });
    child.on('error', reject);
    child.on('close', (code, killedBy) => {
      if (code === 0) return resolve(output);
      reject(new Error(`${file} ${args[0]} ended with ${killedBy ?? `code ${code}`}:\n${lastLines.join('\n')}`));
    });
  });
}
