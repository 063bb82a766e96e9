// The real server for the tests of the pages, its users, and the checks of every page.
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { AxeBuilder } from '@axe-core/playwright';
import { test as base, expect, type Page } from '@playwright/test';

const top = resolve(import.meta.dirname, '../..');
const binary = process.env['FOCUS_BINARY'] ?? join(top, 'build/release/focus');
export const screenshots = join(top, 'build/e2e/pages');
export const zone = 'Europe/Paris';
export const password = 'Secret-passw0rd';
export const demo = { email: 'demo@focus.example', password: 'Demo-1234' };
export const admin = { email: 'admin@focus.example', password: 'Admin-1234' };

function freePort(): Promise<number> {
  return new Promise((done) => {
    const probe = createServer().listen(0, '127.0.0.1', () => {
      const address = probe.address();
      probe.close(() => done(typeof address === 'object' && address ? address.port : 0));
    });
  });
}

/** One process of the server; it may be stopped and started again on the same address. */
export class Server {
  readonly folder = mkdtempSync(join(tmpdir(), 'focus-e2e-'));
  url = '';
  log = '';
  #process: ChildProcess | undefined;
  #port = 0;

  constructor(private readonly settings: Record<string, string> = {}) {}

  /** The address before the start, for settings that need it. */
  async reserve(): Promise<string> {
    this.#port ||= await freePort();
    return (this.url = `http://127.0.0.1:${this.#port}`);
  }

  async start(...flags: string[]): Promise<this> {
    await this.reserve();
    const env = {
      PATH: process.env['PATH'] ?? '',
      DATABASE_URL: `sqlite:///${this.folder}/focus.db`,
      PORT: String(this.#port),
      RATE_LIMIT_ENABLED: 'false',
      BCRYPT_COST: '4',
      WORKERS: '2',
      ADMIN_EMAIL: admin.email,
      ADMIN_PASSWORD: admin.password,
      ...this.settings,
    };
    const child = spawn(binary, ['serve', ...flags], { cwd: this.folder, env, stdio: ['ignore', 'pipe', 'pipe'] });
    this.#process = child;
    process.once('exit', () => child.kill('SIGKILL')); // no server outlives the tests
    for (const stream of [child.stdout, child.stderr]) stream.on('data', (text) => (this.log = (this.log + String(text)).slice(-200_000)));
    await expect(async () => {
      if (child.exitCode !== null) throw new Error(this.log);
      expect((await fetch(`${this.url}/api/health/ready`)).status).toBe(200);
    }).toPass({ timeout: 30_000, intervals: [50] });
    return this;
  }

  async stop(): Promise<void> {
    const child = this.#process;
    if (!child || child.exitCode !== null) return;
    const ended = new Promise((done) => child.once('exit', done));
    child.kill('SIGTERM');
    await ended;
  }

  async close(): Promise<void> {
    await this.stop();
    rmSync(this.folder, { recursive: true, force: true });
  }

  /** A request without a browser; throws unless it succeeds. */
  async call<T>(method: string, path: string, body?: unknown, token?: string): Promise<T> {
    const response = await fetch(this.url + path, {
      method,
      headers: { 'Content-Type': 'application/json', ...(token ? { Authorization: `Bearer ${token}` } : {}) },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${await response.text()}`);
    return (response.status === 204 ? undefined : await response.json()) as T;
  }

  /** The link with the path `path` in the newest mail to a recipient. */
  async mailedLink(recipient: string, path: string): Promise<URL> {
    let found: URL | undefined;
    await expect(async () => {
      const mails = await this.call<{ recipient: string; link: string }[]>('GET', '/dev/mail?format=json');
      const link = mails.find((mail) => mail.recipient === recipient && mail.link.includes(path))?.link;
      expect(link, `a mail to ${recipient} with ${path}`).toBeTruthy();
      found = new URL(link ?? '');
    }).toPass({ intervals: [50] });
    return found as URL;
  }

  async token(person: { email: string; password: string }): Promise<string> {
    return (await this.call<{ access_token: string }>('POST', '/api/auth/login', person)).access_token;
  }
}

/** Today in the zone of the users of these tests, not the machine's or UTC's. */
export const today = (): string => new Intl.DateTimeFormat('sv-SE', { timeZone: zone }).format();

export interface Account {
  email: string;
  username: string;
  password: string;
  token: string;
  id: number;
}

let count = 0;

/** A new user with a verified address. */
export async function newAccount(server: Server, fields: Record<string, unknown> = {}): Promise<Account> {
  const username = `person-${process.pid}-${++count}`;
  const email = `${username}@example.org`;
  const user = await server.call<{ id: number }>('POST', '/api/auth/register', { email, username, password, timezone: zone, ...fields });
  const link = await server.mailedLink(email, '/verify-email');
  await server.call('POST', '/api/auth/verify-email', { token: link.searchParams.get('token') });
  return { email, username, password, id: user.id, token: await server.token({ email, password }) };
}

export async function signIn(page: Page, server: Server, person: { email: string; password: string }): Promise<void> {
  await page.goto(`${server.url}/login`);
  await page.locator('input[type=email]').fill(person.email);
  await page.locator('input[type=password]').fill(person.password);
  await page.locator('form button.primary').click();
  await expect(page.locator('nav.side')).toBeAttached();
}

/** What must not happen on any page: errors in the console, violations of the policy, requests to other servers. */
export function watch(page: Page): string[] {
  const faults: string[] = [];
  page.on('pageerror', (error) => faults.push(`error: ${error.message}`));
  page.on('console', (message) => {
    const text = message.text();
    // The browser logs error answers that the page itself shows.
    if (message.type() === 'error' && !/Failed to load resource|WebSocket connection/.test(text)) faults.push(text);
  });
  page.on('request', (request) => {
    if (!/^(https?|wss?):\/\/127\.0\.0\.1|^(data|blob|about):/.test(request.url())) faults.push(`request to ${request.url()}`);
  });
  return faults;
}

/** All axe rules hold, nothing is wider than the screen. */
export async function expectAccessible(page: Page): Promise<void> {
  const { violations } = await new AxeBuilder({ page }).analyze();
  const told = violations.map((one) => `${one.id}: ${one.nodes.map((node) => `${node.target.join(' ')} (${node.any[0]?.message ?? node.all[0]?.message ?? ''})`).join('; ')}`);
  expect(told).toEqual([]);
  const [width, screen] = await page.evaluate(() => [document.documentElement.scrollWidth, innerWidth] as const);
  expect(width, 'the page is wider than the screen').toBeLessThanOrEqual(screen);
}

/** The layout shift score of the browser since the page was opened. */
export function layoutShift(page: Page): Promise<number> {
  return page.evaluate(
    () =>
      new Promise<number>((done) => {
        let sum = 0;
        new PerformanceObserver((list) => {
          for (const entry of list.getEntries() as (PerformanceEntry & { value: number; hadRecentInput: boolean })[]) if (!entry.hadRecentInput) sum += entry.value;
        }).observe({ type: 'layout-shift', buffered: true });
        setTimeout(() => done(sum), 50);
      }),
  );
}

/** Waits until everything has been loaded. */
export async function settled(page: Page): Promise<void> {
  await expect(page.locator('[aria-busy=true]')).toHaveCount(0);
  await expect(page.locator('h1').first()).toBeAttached();
}

export const test = base.extend<{ faults: string[] }, { server: Server; demoServer: Server }>({
  /** A server with only the administrator, shared by the tests of a worker. */
  server: [
    async ({}, use) => {
      const server = await new Server().start();
      await use(server);
      await server.close();
    },
    { scope: 'worker' },
  ],
  /** A server with the demo account. */
  demoServer: [
    async ({}, use) => {
      const server = await new Server().start('--demo');
      await use(server);
      await server.close();
    },
    { scope: 'worker' },
  ],
  /** Fails the test when the page did something that must not happen on any page. */
  faults: [
    async ({ page }, use) => {
      const faults = watch(page);
      await use(faults);
      expect(faults).toEqual([]);
    },
    { auto: true },
  ],
});

export { expect };
