// Use of the pages with live updates: time, limits, notifications, challenges.
import { demo, expect, newAccount, type Server, settled, signIn, test, today } from '../support.ts';

test('an activity sent by a phone moves today without a reload', async ({ page, server }) => {
  const account = await newAccount(server);
  await server.call('POST', '/api/blocked', { app_name: 'Instagram', daily_limit_minutes: 60 }, account.token);
  await signIn(page, server, account);
  await settled(page);
  await expect(page.getByTestId('total')).toHaveText(/^0\smin$/);
  await page.evaluate(() => ((window as unknown as { marked: boolean }).marked = true));
  await server.call('POST', '/api/activities', { app_name: 'Instagram', app_category: 'social', duration_minutes: 45 }, account.token);
  await expect(page.getByTestId('total')).toHaveText(/^45\smin$/, { timeout: 5000 });
  await expect(page.locator('li[data-app=Instagram]')).toContainText('45');
  await expect(page.locator('li[data-limit=Instagram]')).toContainText(/15\smin left/);
  await server.call('POST', '/api/activities', { app_name: 'Instagram', duration_minutes: 20 }, account.token);
  await expect(page.getByTestId('total')).toHaveText(/^1\sh\s05$/, { timeout: 5000 });
  await expect(page.locator('li[data-limit=Instagram]')).toContainText('until midnight');
  await expect(page.getByRole('link', { name: /Notifications/ }).and(page.locator('.side a'))).toContainText('unread');
  expect(await page.evaluate(() => (window as unknown as { marked?: boolean }).marked)).toBe(true);
});

test('time is added by hand, and days can be turned back', async ({ page, server }) => {
  const account = await newAccount(server);
  await signIn(page, server, account);
  await page.getByRole('button', { name: 'Add time' }).first().click();
  const dialog = page.getByRole('dialog');
  await dialog.getByLabel('App').fill('Chess');
  await dialog.getByLabel('Minutes').fill('95');
  await dialog.getByLabel('Category').selectOption('games');
  await dialog.getByRole('button', { name: 'Save' }).click();
  await expect(page.getByTestId('total')).toHaveText(/^1\sh\s35$/);
  await page.getByRole('button', { name: 'Previous day' }).click();
  await expect(page.getByRole('heading', { level: 1 })).toHaveText('Yesterday');
  await expect(page.getByTestId('total')).toHaveText(/^0\smin$/);
  await page.reload();
  await expect(page.getByRole('heading', { level: 1 })).toHaveText('Yesterday');
});

test('trends: periods, comparison, one app', async ({ page, demoServer }) => {
  await demoServer.call('PATCH', '/api/users/me', { language: 'en' }, await demoServer.token(demo));
  await signIn(page, demoServer, demo);
  await page.getByRole('link', { name: 'Trends' }).first().click();
  await expect(page.getByRole('heading', { level: 1 })).toBeFocused();
  await expect(page.getByText('compared with the period before')).toBeVisible();
  await expect(page.getByRole('table', { name: 'Time per day' }).locator('tbody tr')).toHaveCount(7);
  await page.getByRole('button', { name: 'Month' }).click();
  await expect(page.getByRole('table', { name: 'Time per day' }).locator('tbody tr')).toHaveCount(30);
  await page.getByRole('button', { name: 'Earlier' }).click();
  await expect(page).toHaveURL(/end=\d{4}-\d\d-\d\d/);
  await page.getByRole('button', { name: 'Range' }).click();
  await expect(page.getByRole('table', { name: 'Time per day' }).locator('tbody tr')).toHaveCount(90);
  await page.getByRole('link', { name: 'Instagram' }).click();
  await expect(page.getByRole('heading', { level: 1 })).toHaveText('Instagram');
  await page.goBack();
  await expect(page.getByRole('heading', { level: 1 })).toHaveText('Trends');
});

test('a limit: added with a schedule, changed, reset, turned off, removed', async ({ page, server }) => {
  const account = await newAccount(server);
  await server.call('POST', '/api/activities', { app_name: 'YouTube', app_category: 'video', duration_minutes: 40 }, account.token);
  await signIn(page, server, account);
  await page.goto(`${server.url}/limits`);
  await page.getByRole('button', { name: 'Add a limit' }).first().click();
  const dialog = page.getByRole('dialog');
  await dialog.getByLabel('App').fill('YouTube');
  await dialog.getByLabel('hours').fill('1');
  await dialog.getByLabel('minutes').fill('0');
  const monday = dialog.locator('.line').first();
  const box = await monday.boundingBox();
  if (!box) throw new Error('no week');
  await page.mouse.move(box.x + box.width * 0.25, box.y + box.height / 2); // 6:00
  await page.mouse.down();
  await page.mouse.move(box.x + box.width * 0.5, box.y + box.height / 2, { steps: 4 }); // 12:00
  await page.mouse.up();
  await expect(dialog.getByLabel('From')).toHaveValue('06:00');
  await expect(dialog.getByLabel('To', { exact: true })).toHaveValue('12:00');
  await dialog.getByRole('button', { name: 'Saturday' }).click();
  await dialog.getByRole('button', { name: 'Save' }).click();
  const card = page.locator('li[data-limit=YouTube]');
  await expect(card).toContainText(/40\smin of 1\sh/);
  const [limit] = await server.call<{ schedules: unknown[] }[]>('GET', '/api/blocked', undefined, account.token);
  expect(limit?.schedules).toEqual([{ days: ['mon', 'sat'], start_time: '06:00', end_time: '12:00' }]);
  await card.getByRole('button', { name: 'Edit' }).click();
  await dialog.getByLabel('hours').fill('2');
  await dialog.getByRole('button', { name: 'Save' }).click();
  await expect(card).toContainText(/40\smin of 2\sh/);
  await card.getByRole('button', { name: 'Reset' }).click();
  await expect(card).toContainText(/0\smin of 2\sh/);
  await card.getByRole('switch').click();
  await expect(card).toContainText('Off');
  await card.getByRole('button', { name: 'Remove' }).click();
  await dialog.getByRole('button', { name: 'Delete' }).click();
  await expect(page.getByText('No limits yet')).toBeVisible();
});

test('notifications arrive, are read one by one and all at once', async ({ page, server }) => {
  const account = await newAccount(server);
  await signIn(page, server, account);
  await page.goto(`${server.url}/notifications`);
  await expect(page.getByText('Nothing here')).toBeVisible();
  await server.call('POST', '/api/blocked', { app_name: 'A', daily_limit_minutes: 10 }, account.token);
  await server.call('POST', '/api/activities', { app_name: 'A', duration_minutes: 11 }, account.token);
  await expect(page.locator('main li.unread')).toHaveCount(2);
  await page.getByRole('button', { name: /^Mark as read: A is blocked/ }).click();
  await expect(page.locator('main li.unread')).toHaveCount(1);
  await page.getByRole('button', { name: 'Mark all as read' }).click();
  await expect(page.locator('main li.unread')).toHaveCount(0);
});

async function challenge(page: import('@playwright/test').Page, server: Server, name: string): Promise<string> {
  await page.goto(`${server.url}/challenges`);
  await page.getByRole('link', { name: 'New challenge' }).first().click();
  await page.getByLabel('Name').fill(name);
  await page.getByLabel('Apps it is about').fill('Instagram, TikTok');
  await page.getByLabel('Apps it is about').press('Enter');
  await page.getByLabel('Anybody can find and join it').uncheck();
  await page.getByRole('button', { name: 'New challenge' }).click();
  await expect(page.getByRole('heading', { name, level: 1 })).toBeVisible();
  return (await page.getByTestId('code').textContent()) ?? '';
}

test('two people in one challenge see each other move', async ({ page, browser, server, faults }) => {
  const [ada, bob] = [await newAccount(server, { full_name: 'Ada' }), await newAccount(server, { full_name: 'Bob' })];
  await signIn(page, server, ada);
  const code = await challenge(page, server, 'Evenings for us');
  const others = await browser.newContext({ locale: 'en-GB' });
  const theirs = await others.newPage();
  await theirs.goto(`${server.url}/join/${code}`); // the shared link, signed out
  await theirs.locator('input[type=email]').fill(bob.email);
  await theirs.locator('input[type=password]').fill(bob.password);
  await theirs.getByRole('button', { name: 'Sign in' }).click();
  await theirs.getByRole('button', { name: 'Join' }).click();
  await expect(theirs.getByRole('heading', { name: 'Evenings for us' })).toBeVisible();
  const line = (of: import('@playwright/test').Page, who: string) => of.locator(`tr[data-user="${who}"]`);
  await expect(line(page, bob.username)).toBeVisible();
  await server.call('POST', '/api/activities', { app_name: 'instagram', duration_minutes: 20 }, ada.token);
  await expect(line(page, ada.username)).toContainText('40');
  await expect(line(theirs, ada.username)).toContainText('40');
  await server.call('POST', '/api/activities', { app_name: 'TikTok', duration_minutes: 5 }, bob.token);
  await expect(line(theirs, bob.username)).toContainText('55');
  await expect(line(page, bob.username)).toContainText('55');
  await expect(page.locator('tbody tr').first()).toHaveAttribute('data-user', bob.username); // Bob leads now
  await theirs.getByRole('button', { name: 'Leave' }).click();
  await theirs.getByRole('dialog').getByRole('button', { name: 'Leave' }).click();
  await expect(line(page, bob.username)).toHaveCount(0);
  await others.close();
  expect(faults).toEqual([]);
});

test('a challenge: found, joined, renamed, cancelled; hidden from strangers', async ({ page, server }) => {
  const [ada, bob] = [await newAccount(server), await newAccount(server)];
  const day = today();
  const name = `Open ${ada.username}`;
  const open = await server.call<{ id: number }>('POST', '/api/challenges', { name, target_apps: ['A'], start_date: day, end_date: day }, ada.token);
  const hidden = await server.call<{ id: number }>('POST', '/api/challenges', { name: 'Hidden', target_apps: ['A'], start_date: day, end_date: day, is_public: false }, ada.token);
  await signIn(page, server, bob);
  await page.goto(`${server.url}/challenges/${hidden.id}`);
  await expect(page.getByText('You cannot see this challenge')).toBeVisible();
  await page.goto(`${server.url}/challenges?tab=browse`);
  await page.getByPlaceholder('Search by name').fill(name);
  await page.getByRole('link', { name: new RegExp(name) }).click();
  await page.getByRole('button', { name: 'Join' }).click();
  await expect(page.locator(`tr[data-user="${bob.username}"]`)).toContainText('You');
  await page.getByRole('button', { name: 'Sign out' }).click();
  await signIn(page, server, ada);
  await page.goto(`${server.url}/challenges/${open.id}`);
  await page.getByRole('button', { name: 'Edit' }).click();
  await page.getByRole('dialog').getByLabel('Name').fill(`${name} renamed`);
  await page.getByRole('dialog').getByRole('button', { name: 'Save' }).click();
  await expect(page.getByRole('heading', { level: 1 })).toHaveText(`${name} renamed`);
  await page.getByRole('button', { name: 'Cancel the challenge' }).click();
  await page.getByRole('dialog').getByRole('button', { name: 'Cancel the challenge' }).click();
  await expect(page.getByText('Cancelled')).toBeVisible();
});
