// Mailed links that act only after a button, and actions that need a proof of identity.
import { type ChildProcess, spawn } from 'node:child_process';
import { join, resolve } from 'node:path';
import { expect, expectAccessible, newAccount, password, screenshots, Server, settled, signIn, test } from '../support.ts';

const clock = (server: Server, now: Date): Promise<unknown> => server.call('POST', '/dev/clock', { now: now.toISOString() });
const later = (minutes: number): Date => new Date(Date.now() + minutes * 60_000);

async function unverified(server: Server): Promise<{ email: string; username: string; token: string }> {
  const username = `mailed-${process.pid}-${Date.now()}`;
  const email = `${username}@example.org`;
  await server.call('POST', '/api/auth/register', { email, username, password });
  return { email, username, token: (await server.mailedLink(email, '/verify-email')).searchParams.get('token') ?? '' };
}
const isVerified = async (server: Server, email: string): Promise<boolean> =>
  (await server.call<{ is_verified: boolean }>('GET', '/api/users/me', undefined, await server.token({ email, password }))).is_verified;

test('a program that opens the verification link confirms nothing', async ({ page, server }) => {
  const { email, username, token } = await unverified(server);
  await page.goto(`${server.url}/verify-email?token=${token}`);
  await settled(page);
  await expect(page.getByText(username)).toBeVisible();
  await expect(page.getByText(email)).toHaveCount(0); // masked
  expect(await isVerified(server, email)).toBe(false);
  await expectAccessible(page);
  await page.screenshot({ path: join(screenshots, 'link-verify.png') });
  await page.getByRole('button', { name: 'Confirm' }).click();
  await expect(page.getByText('Email verified')).toBeVisible();
  expect(await isVerified(server, email)).toBe(true);
  await page.reload();
  await expect(page.getByText('already verified')).toBeVisible();
});

test('this was not me', async ({ page, server }) => {
  const { email, username, token } = await unverified(server);
  await page.goto(`${server.url}/verify-email?token=${token}`);
  await page.getByRole('link', { name: 'This was not me' }).click();
  await expect(page.getByText(username)).toBeVisible();
  await expectAccessible(page);
  expect(await isVerified(server, email)).toBe(false); // the account still exists
  await page.screenshot({ path: join(screenshots, 'link-not-me.png') });
  await page.getByRole('button', { name: 'Remove the account' }).click();
  await expect(page.getByText('The account was removed')).toBeVisible();
  await expect(server.token({ email, password })).rejects.toThrow('401');
});

test('links of nobody say so', async ({ page, server }) => {
  for (const path of ['/verify-email', '/not-me', '/unsubscribe']) {
    await page.goto(`${server.url}${path}?token=nonsense`);
    await expect(page.getByText('This link is not valid')).toBeVisible();
    await expect(page.locator('main').getByRole('button')).toHaveCount(0);
  }
});

test('deleting the account asks for the password when the sign-in is old', async ({ page }) => {
  const server = await new Server().start();
  const account = await newAccount(server);
  await signIn(page, server, account);
  await clock(server, later(11));
  await page.goto(`${server.url}/settings`);
  await page.getByRole('button', { name: 'Delete the account' }).click();
  await page.getByLabel(`Type ${account.username} to confirm`).fill(account.username);
  const remove = page.getByRole('button', { name: 'Delete for good' });
  await remove.click();
  const dialog = page.getByRole('dialog', { name: 'Is it you?' });
  await dialog.getByRole('button', { name: 'Cancel' }).click();
  await expect(page.getByRole('alert')).toContainText('confirm that it is you');
  await remove.click();
  await dialog.getByLabel('Password', { exact: true }).fill('Wrong-passw0rd');
  await dialog.getByRole('button', { name: 'Go on' }).click();
  await expect(dialog.getByRole('alert')).toContainText('not right');
  await expectAccessible(page);
  await page.screenshot({ path: join(screenshots, 'proof.png') });
  await dialog.getByLabel('Password', { exact: true }).fill(password);
  await dialog.getByRole('button', { name: 'Go on' }).click();
  await expect(page.getByRole('heading', { name: 'Sign in' })).toBeVisible();
  await expect(server.token(account)).rejects.toThrow('401');
  await server.close();
});

test.describe('with a provider', () => {
  let server: Server;
  let provider: ChildProcess;
  let issuer = '';

  test.beforeAll(async () => {
    const settings: Record<string, string> = {};
    server = new Server(settings);
    const url = await server.reserve();
    const client = { client_id: 'focus', client_secret: 'a-secret-of-these-tests', redirect_uris: [`${url}/api/auth/oidc/real/callback`] };
    provider = spawn('node', [resolve(import.meta.dirname, '../../oidc/provider.mjs'), JSON.stringify([client])], { stdio: ['ignore', 'pipe', 'ignore'] });
    process.once('exit', () => provider.kill('SIGKILL'));
    issuer = await new Promise<string>((done) => provider.stdout?.once('data', (line) => done((JSON.parse(String(line)) as { issuer: string }).issuer)));
    Object.assign(settings, { FRONTEND_URL: url, OIDC_REAL_ISSUER: issuer, OIDC_REAL_CLIENT_ID: client.client_id, OIDC_REAL_CLIENT_SECRET: client.client_secret });
    await server.start();
  });
  test.afterAll(async () => {
    provider.kill('SIGKILL');
    await server.close();
  });

  /** Signs in on the provider's pages with this address; returns the address of the redirect back. */
  async function visit(request: import('@playwright/test').APIRequestContext, authorization: string, email: string): Promise<string> {
    const login = email.replace(/\W/g, '-');
    await request.put(`${issuer}/test/accounts/${login}`, { data: { email, email_verified: true } });
    let at = authorization;
    let answer = await request.get(at, { maxRedirects: 0 });
    for (;;) {
      const location = answer.headers()['location'];
      if (location) {
        at = new URL(location, at).href;
        if (!at.startsWith(issuer)) return at;
        answer = await request.get(at, { maxRedirects: 0 });
      } else {
        const prompt = /name="prompt" value="(\w+)"/.exec(await answer.text())?.[1] ?? '';
        answer = await request.post(at, { form: { prompt, login, password: 'any' }, maxRedirects: 0 });
      }
    }
  }

  async function signInThere(page: import('@playwright/test').Page, playwright: typeof import('@playwright/test'), email: string): Promise<void> {
    const begun = await page.request.get(`${server.url}/api/auth/oidc/real?redirect_to=/settings`, { headers: { Accept: 'text/html' }, maxRedirects: 0 });
    const there = await playwright.request.newContext();
    await page.goto(await visit(there, begun.headers()['location'] ?? '', email));
    await there.dispose();
  }

  test('the page asks for the password once, then the provider is linked', async ({ page, playwright }) => {
    const account = await newAccount(server);
    await signInThere(page, playwright as never, account.email);
    await expect(page.getByRole('heading', { name: 'Link your account' })).toBeVisible();
    await page.getByLabel('Password', { exact: true }).fill('Wrong-passw0rd');
    await page.getByRole('button', { name: 'Link and sign in' }).click();
    await expect(page.getByRole('alert')).toBeVisible();
    await expectAccessible(page);
    await page.screenshot({ path: join(screenshots, 'link-provider.png') });
    await page.getByLabel('Password', { exact: true }).fill(password);
    await page.getByRole('button', { name: 'Link and sign in' }).click();
    await expect(page).toHaveURL(/\/settings$/);
    await expect(page.getByRole('button', { name: 'Disconnect' })).toBeVisible();

    await server.call('POST', '/api/auth/forgot-password', { email: account.email });
    const reset = await server.mailedLink(account.email, '/reset-password');
    await page.goto(server.url + reset.pathname + reset.search);
    await expect(page.locator('p.account')).toContainText(account.username);
    await expect(page.locator('li', { hasText: account.email })).toBeVisible();
    await expectAccessible(page);
    await page.screenshot({ path: join(screenshots, 'reset-identities.png') });
    await page.getByLabel('New password').fill('Another-passw0rd1');
    await page.getByLabel('Remove these ways to sign in').check();
    await page.getByRole('button', { name: 'Set the password' }).click();
    await expect(page.getByRole('status')).toContainText('changed');
    const token = await server.token({ email: account.email, password: 'Another-passw0rd1' });
    expect(await server.call('GET', '/api/users/me/identities', undefined, token)).toEqual([]);
  });

  test('an account without a password proves itself at its provider', async ({ page, playwright }) => {
    const email = `nobody-${Date.now()}@example.org`;
    await signInThere(page, playwright as never, email);
    await expect(page).toHaveURL(/\/settings$/);
    await clock(server, later(11));
    await page.reload();
    await page.getByRole('button', { name: 'Disconnect' }).click();
    const again = page.getByRole('dialog', { name: 'Is it you?' }).getByRole('link', { name: 'Continue with Real' });
    await expect(again).toHaveAttribute('href', '/api/auth/oidc/real?redirect_to=%2Fsettings');
    await clock(server, new Date());
  });
});
