// From the registration to the deleted account.
import { readFileSync } from 'node:fs';
import { expect, newAccount, password, settled, signIn, test } from '../support.ts';

test('register, confirm by mail, arrive', async ({ page, server }) => {
  const email = `grace-${Date.now()}@example.org`;
  await page.goto(server.url);
  await expect(page).toHaveURL(/\/login$/);
  await page.getByRole('link', { name: 'Create an account' }).click();
  await page.getByLabel('E-mail').fill(email);
  await page.getByLabel('Username').fill(`grace-${Date.now()}`);
  await page.getByLabel('Name (optional)').fill('Grace Hopper');
  await page.getByLabel('Password', { exact: true }).fill('short');
  await page.getByRole('button', { name: 'Create an account' }).click();
  await expect(page.locator('.fault')).toContainText('8'); // the server's error, beside the field
  await page.getByLabel('Password', { exact: true }).fill(password);
  await page.getByRole('button', { name: 'Create an account' }).click();
  await expect(page.getByRole('heading', { name: 'Confirm your e-mail' })).toBeVisible();
  const link = await server.mailedLink(email, '/verify-email');
  await page.goto(server.url + link.pathname + link.search);
  await expect(page.getByText(email.replace(/^(.).*@/, '$1…@'))).toBeVisible();
  await page.getByRole('button', { name: 'Confirm' }).click();
  await expect(page.getByText('Email verified')).toBeVisible();
  await page.getByRole('link', { name: 'Go to today' }).click();
  await expect(page.getByText('Hello Grace')).toBeVisible();
  await expect(page.getByText('Nothing recorded')).toBeVisible();
});

test('wrong password, then the right one, then out', async ({ page, server }) => {
  const account = await newAccount(server);
  await page.goto(`${server.url}/trends?span=month`);
  await expect(page).toHaveURL(/\/login\?next=/);
  await page.getByLabel('E-mail').fill(account.email);
  await page.getByLabel('Password', { exact: true }).fill('Wrong-passw0rd');
  await page.getByRole('button', { name: 'Sign in' }).click();
  await expect(page.getByRole('alert')).toContainText('Incorrect email or password');
  await page.getByLabel('Password', { exact: true }).fill(password);
  await page.keyboard.press('Enter');
  await expect(page).toHaveURL(/\/trends\?span=month$/); // the page that was asked for first
  await page.getByRole('button', { name: 'Sign out' }).click();
  await expect(page.getByRole('heading', { name: 'Sign in' })).toBeVisible();
  expect(await page.evaluate(() => localStorage.getItem('focus.refresh'))).toBeNull();
  await page.goto(`${server.url}/settings`);
  await expect(page).toHaveURL(/\/login/);
});

test('forgotten password', async ({ page, server }) => {
  const account = await newAccount(server);
  await page.goto(`${server.url}/login`);
  await page.getByRole('link', { name: 'Forgotten your password?' }).click();
  await page.getByLabel('E-mail').fill(account.email);
  await page.getByRole('button', { name: 'Send the link' }).click();
  await expect(page.getByRole('status')).toContainText('sent');
  const link = await server.mailedLink(account.email, '/reset-password');
  await page.goto(server.url + link.pathname + link.search);
  await page.getByLabel('New password').fill('Another-passw0rd1');
  await page.getByRole('button', { name: 'Set the password' }).click();
  await expect(page.getByRole('status')).toContainText('changed');
  await signIn(page, server, { email: account.email, password: 'Another-passw0rd1' });
  await page.goto(server.url + link.pathname + link.search); // it works once
  await page.getByLabel('New password').fill('Another-passw0rd2');
  await page.getByRole('button', { name: 'Set the password' }).click();
  await expect(page.getByRole('alert')).toBeVisible();
});

test('settings are kept: profile, language, zone, limit', async ({ page, server }) => {
  const account = await newAccount(server);
  await signIn(page, server, account);
  await page.goto(`${server.url}/settings`);
  await page.getByLabel('Name (optional)').fill('Ada Lovelace');
  await page.getByLabel('About you').fill('Counting.');
  await page.getByRole('button', { name: 'Save' }).first().click();
  await expect(page.getByRole('log')).toContainText('Saved');
  await page.getByLabel('Time zone').fill('Nowhere/At-All');
  await page.getByRole('button', { name: 'Save' }).last().click();
  await expect(page.locator('.fault')).toBeVisible();
  await page.getByLabel('Time zone').fill('Asia/Tokyo');
  await page.getByLabel('Minutes per day').fill('90');
  await page.getByLabel('Language').selectOption('fr');
  await page.getByRole('button', { name: 'Save' }).last().click();
  await expect(page.getByRole('heading', { name: 'Réglages' })).toBeVisible();
  const me = await server.call<Record<string, unknown>>('GET', '/api/users/me', undefined, account.token);
  expect(me).toMatchObject({ full_name: 'Ada Lovelace', bio: 'Counting.', timezone: 'Asia/Tokyo', daily_limit_minutes: 90, language: 'fr' });
});

test('a revoked session signs the page out by itself', async ({ page, server }) => {
  const account = await newAccount(server);
  await signIn(page, server, account);
  const sessions = await server.call<{ id: number; current: boolean }[]>('GET', '/api/auth/sessions', undefined, account.token);
  for (const session of sessions.filter((one) => !one.current)) await server.call('DELETE', `/api/auth/sessions/${session.id}`, undefined, account.token);
  await expect(page.getByText('Your session has ended')).toBeVisible();
});

test('a session that several requests at once find ended is said to have ended', async ({ page, server }) => {
  const account = await newAccount(server);
  let revoked: () => void = () => undefined;
  const held = new Promise<void>((done) => (revoked = done));
  await page.route('**/api/notifications*', async (route) => {
    await held;
    await route.continue();
  });
  await signIn(page, server, account);
  const sessions = await server.call<{ id: number; current: boolean }[]>('GET', '/api/auth/sessions', undefined, account.token);
  for (const session of sessions.filter((one) => !one.current)) await server.call('DELETE', `/api/auth/sessions/${session.id}`, undefined, account.token);
  revoked();
  await expect(page.getByText('Your session has ended')).toBeVisible();
});

test('another device is signed out from the settings, and signing out in one tab signs out the other', async ({ page, context, server }) => {
  const account = await newAccount(server);
  await signIn(page, server, account);
  await page.goto(`${server.url}/settings`);
  await page.getByRole('button', { name: 'Sign out', exact: true }).and(page.locator('li button')).first().click();
  await expect(page.locator('li', { hasText: 'used' })).toHaveCount(1);
  const tab = await context.newPage();
  await tab.goto(server.url);
  await settled(tab);
  await tab.getByRole('button', { name: 'Sign out' }).click();
  await expect(page.getByRole('heading', { name: 'Sign in' })).toBeVisible();
});

test('export, import, and deleting the account', async ({ page, server }) => {
  const account = await newAccount(server);
  await server.call('POST', '/api/activities', { app_name: 'Chess', duration_minutes: 12 }, account.token);
  await signIn(page, server, account);
  await page.goto(`${server.url}/settings`);
  const [download] = await Promise.all([page.waitForEvent('download'), page.getByRole('button', { name: 'Everything (JSON)' }).click()]);
  const everything = readFileSync((await download.path()) ?? '', 'utf8');
  expect(JSON.parse(everything).profile?.username ?? everything).toContain(account.username);
  const csv = 'app_name,duration_minutes,activity_date\nGo,30,2026-01-05\nGo,20,2026-01-06\n';
  await page.locator('input[type=file]').setInputFiles({ name: 'time.csv', mimeType: 'text/csv', buffer: Buffer.from(csv) });
  await expect(page.getByText('2 imported')).toBeVisible();
  await page.getByRole('button', { name: 'Delete the account' }).click();
  const dialog = page.getByRole('dialog');
  await expect(dialog.getByRole('button', { name: 'Delete for good' })).toBeDisabled();
  await dialog.getByLabel(`Type ${account.username} to confirm`).fill(account.username);
  await dialog.getByRole('button', { name: 'Delete for good' }).click();
  await expect(page.getByRole('heading', { name: 'Sign in' })).toBeVisible();
  await expect(server.token(account)).rejects.toThrow('401');
});
