import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Redis } from 'ioredis';

/** Debian's redis-server, on a port and in a folder of its own. */
export interface TestRedis {
  readonly url: string;
  readonly port: number;
  /** Ends the server; `data` says whether the next one will find what it held. */
  stop(data: 'kept' | 'lost'): Promise<void>;
  /** Starts it again on the same port. */
  start(): Promise<void>;
  /** Asks it something, over a connection of its own. */
  ask<T>(question: (client: Redis) => Promise<T>): Promise<T>;
  remove(): Promise<void>;
}

const SERVER = 'redis-server';

export const hasRedis = spawnSync(SERVER, ['--version']).error === undefined;

export async function startRedis(...settings: string[]): Promise<TestRedis> {
  const folder = await mkdtemp(join(tmpdir(), 'autolab-test-redis-'));
  const port = await freePort();
  let server: ChildProcess | undefined;
  const start = async (): Promise<void> => {
    server = await startServer(port, folder, settings);
  };
  const stop = async (data: 'kept' | 'lost'): Promise<void> => {
    if (server === undefined) return;
    if (data === 'kept') await ask((client) => client.save());
    const ended = new Promise((resolve) => server?.once('exit', resolve));
    server.kill('SIGKILL');
    await ended;
    server = undefined;
    if (data === 'lost') await rm(join(folder, 'dump.rdb'), { force: true });
  };
  const ask = async <T>(question: (client: Redis) => Promise<T>): Promise<T> => {
    const client = new Redis({ port, password: settings[settings.indexOf('--requirepass') + 1] });
    try {
      return await question(client);
    } finally {
      client.disconnect();
    }
  };
  await start();
  return {
    ...{ url: `redis://127.0.0.1:${port}`, port, start, stop, ask },
    remove: async () => {
      await stop('lost');
      await rm(folder, { recursive: true, force: true });
    },
  };
}

function startServer(port: number, folder: string, settings: string[]): Promise<ChildProcess> {
  const fixed = ['--port', String(port), '--bind', '127.0.0.1', '--dir', folder, '--save', ''];
  const server = spawn(SERVER, [...fixed, ...settings], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  return new Promise((resolve, reject) => {
    let said = '';
    server.stdout.on('data', (chunk: Buffer) => {
      said += chunk.toString();
      if (said.includes('Ready to accept connections')) resolve(server);
    });
    server.once('exit', () => reject(new Error(`expected a redis-server, found: ${said}`)));
  });
}

/** One that nobody listens on. */
export function freePort(): Promise<number> {
  const server = createServer();
  return new Promise((resolve) => {
    server.listen(0, '127.0.0.1', () => {
      const { port } = server.address() as AddressInfo;
      server.close(() => resolve(port));
    });
  });
}
