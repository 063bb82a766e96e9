// The administration pages.
import { admin, demo, expect, newAccount, settled, signIn, test } from '../support.ts';

test('the overview has the numbers of the service', async ({ page, demoServer }) => {
  await demoServer.call('PATCH', '/api/users/me', { language: 'en' }, await demoServer.token(admin));
  await signIn(page, demoServer, admin);
  await page.goto(`${demoServer.url}/admin`);
  await expect(page.locator('dl.figures')).toContainText('Accounts');
  await expect(page.getByRole('table', { name: 'Growth' }).locator('tbody tr')).toHaveCount(30);
  await page.getByRole('button', { name: '90 days' }).click();
  await expect(page.getByRole('table', { name: 'Growth' }).locator('tbody tr')).toHaveCount(90);
});

test('a user is found, changed, deactivated and deleted; his page follows at once', async ({ page, browser, server }) => {
  const account = await newAccount(server);
  const others = await browser.newContext({ locale: 'en-GB' });
  const theirs = await others.newPage();
  await signIn(theirs, server, account);
  await signIn(page, server, admin);
  await page.goto(`${server.url}/admin/users`);
  await page.getByPlaceholder('Name or e-mail').fill(account.username);
  await expect(page.locator('tbody tr')).toHaveCount(1);
  await page.getByRole('link', { name: account.username }).click();
  await page.getByLabel('Name (optional)').fill('Renamed');
  await page.getByRole('button', { name: 'Save' }).click();
  await expect(page.getByRole('log')).toContainText('Saved');
  await page.getByRole('button', { name: 'Deactivate' }).click();
  await expect(page.getByRole('button', { name: 'Activate' })).toBeVisible();
  await expect(theirs.getByText('Your session has ended')).toBeVisible();
  await others.close();
  await page.getByRole('button', { name: 'Activate' }).click();
  await expect(page.getByRole('button', { name: 'Deactivate' })).toBeVisible();
  await page.getByRole('button', { name: 'Delete the account' }).click();
  await page.getByRole('dialog').getByRole('button', { name: 'Delete' }).click();
  await expect(page).toHaveURL(/\/admin\/users$/);
  await expect(server.token(account)).rejects.toThrow('401');
});

test('a user is added', async ({ page, server }) => {
  const name = `made-${Date.now()}`;
  await signIn(page, server, admin);
  await page.goto(`${server.url}/admin/users`);
  await page.getByRole('button', { name: 'Add a user' }).click();
  const dialog = page.getByRole('dialog');
  await dialog.getByLabel('E-mail').fill(`${name}@example.org`);
  await dialog.getByLabel('Username').fill(name);
  await dialog.getByLabel('Password', { exact: true }).fill('Secret-passw0rd');
  await dialog.getByRole('button', { name: 'Save' }).click();
  await expect(page.getByRole('heading', { level: 1 })).toHaveText(name);
});

test('the audit log is filtered and shows details; mails, jobs and health are there', async ({ page, server }) => {
  const account = await newAccount(server);
  await signIn(page, server, admin);
  await page.goto(`${server.url}/admin/logs?user_id=${account.id}&action=login`);
  await page.locator('summary').first().click();
  await expect(page.locator('details[open]')).toContainText('POST /api/auth/login');
  await page.goto(`${server.url}/admin/emails`);
  await expect(page.locator('tbody tr', { hasText: account.email }).first()).toContainText('Sent');
  await page.getByRole('button', { name: 'Preview' }).click();
  const preview = page.getByRole('dialog');
  await preview.getByRole('combobox').selectOption('weekly_summary');
  await preview.getByRole('button', { name: 'Français' }).click();
  await expect(preview.locator('pre')).toContainText('semaine');
  await expect(preview.getByRole('heading', { level: 3 })).toContainText('semaine');
  const [file] = await Promise.all([page.waitForEvent('download'), preview.getByRole('button', { name: /Download/ }).click()]);
  expect(file.suggestedFilename()).toBe('weekly_summary.fr.html');
  await page.keyboard.press('Escape');
  await page.goto(`${server.url}/admin/jobs`);
  const job = page.locator('tbody tr', { hasText: 'old_mails' });
  await job.getByRole('button', { name: 'Run now' }).click();
  await expect(job).toContainText('ms', { timeout: 15_000 }); // its duration
  await page.goto(`${server.url}/admin/health`);
  await expect(page.locator('.overall')).toContainText('Healthy');
});

test('a custom notification reaches the open page of who was chosen', async ({ page, browser, server }) => {
  const account = await newAccount(server);
  const others = await browser.newContext({ locale: 'en-GB' });
  const theirs = await others.newPage();
  await signIn(theirs, server, account);
  await settled(theirs);
  await signIn(page, server, admin);
  await page.goto(`${server.url}/admin/notify`);
  await page.getByLabel('Some people').check();
  await page.getByLabel('Find by username').fill(account.username);
  await page.getByRole('button', { name: account.username }).click();
  await page.getByLabel('Title').fill('Maintenance tonight');
  await page.getByRole('textbox', { name: 'Message' }).fill('From 2 to 3.');
  await page.getByRole('button', { name: 'Send' }).click();
  await expect(page.getByRole('log')).toContainText('Sent to 1');
  await expect(theirs.getByRole('log')).toContainText('Maintenance tonight');
  await others.close();
});

test('the administration is closed to everybody else', async ({ page, demoServer }) => {
  await demoServer.call('PATCH', '/api/users/me', { language: 'en' }, await demoServer.token(demo));
  await signIn(page, demoServer, demo);
  await page.goto(`${demoServer.url}/admin/users`);
  await expect(page.getByRole('heading', { name: 'There is nothing here' }).first()).toBeAttached();
  await expect(page.getByRole('link', { name: 'Administration' })).toHaveCount(0);
});
