// Failures and hostile input: no server, no network, texts with markup.
import { demo, expect, newAccount, Server, settled, signIn, test, today } from '../support.ts';

test('a restarted server: the page says so, recovers and catches up', async ({ page, faults }) => {
  const server = await new Server().start();
  try {
    const account = await newAccount(server);
    await signIn(page, server, account);
    await settled(page);
    await server.stop();
    await page.getByRole('link', { name: 'Trends' }).first().click();
    // The page's module may be loaded already, or not.
    await expect(page.getByText(/cannot be reached at the moment|could not be loaded/).first()).toBeVisible();
    await expect(page.getByText('No connection')).toBeVisible();
    await server.start();
    await server.call('POST', '/api/activities', { app_name: 'Chess', duration_minutes: 33 }, await server.token(account));
    await expect(page.locator('li[data-app=Chess]')).toContainText('33', { timeout: 15_000 });
    await expect(page.getByText('No connection')).toHaveCount(0);
    await server.call('POST', '/api/activities', { app_name: 'Chess', duration_minutes: 10 }, await server.token(account));
    await expect(page.locator('li[data-app=Chess]')).toContainText('43', { timeout: 40_000 }); // the socket is connected again, too
    expect(faults).toEqual([]);
  } finally {
    await server.close();
  }
});

test('opened without a server behind its files: it waits, then goes on', async ({ page, context, demoServer }) => {
  await demoServer.call('PATCH', '/api/users/me', { language: 'en' }, await demoServer.token(demo));
  await signIn(page, demoServer, demo);
  await settled(page);
  await context.route('**/api/**', (route) => route.abort());
  await page.reload();
  await expect(page.getByText('No connection', { exact: true })).toBeVisible();
  await context.unroute('**/api/**');
  await expect(page.getByRole('heading', { level: 1, name: 'Today' })).toBeVisible({ timeout: 15_000 });
});

test('an answer that is an error is shown with a way to try again', async ({ page, demoServer }) => {
  await signIn(page, demoServer, demo);
  const problem = { type: 'about:blank', title: 'Internal Server Error', status: 500, detail: 'Something went wrong.', code: 'internal', request_id: 'abc123' };
  await page.route('**/api/blocked', (route) => route.fulfill({ status: 500, contentType: 'application/problem+json', body: JSON.stringify(problem) }));
  await page.goto(`${demoServer.url}/limits`);
  await expect(page.getByRole('alert')).toContainText('Something went wrong.');
  await expect(page.getByRole('alert')).toContainText('abc123');
  await page.unroute('**/api/blocked');
  await page.getByRole('alert').getByRole('button').click();
  await expect(page.locator('li[data-limit=Instagram]')).toBeVisible();
});

test('an expired access token is exchanged without anybody noticing', async ({ page, server }) => {
  const account = await newAccount(server);
  await signIn(page, server, account);
  await page.evaluate(() => sessionStorage.setItem('focus.access', 'expired'));
  await page.goto(`${server.url}/limits`);
  await expect(page.getByText('No limits yet')).toBeVisible();
  expect(await page.evaluate(() => sessionStorage.getItem('focus.access'))).not.toBe('expired');
});

const hostile = `<img src=x onerror="window.hacked=1"><script>window.hacked=1</script>{{7*7}}"'&`;

test('texts of people are shown as text, whatever is in them', async ({ page, server }) => {
  test.setTimeout(180_000); // many pages
  const full = hostile.slice(0, 90);
  const account = await newAccount(server, { full_name: full });
  const call = (method: string, path: string, body: unknown) => server.call<{ id: number }>(method, path, body, account.token);
  const day = today();
  await call('PATCH', '/api/users/me', { bio: hostile });
  await call('POST', '/api/activities', { app_name: hostile, app_category: '<b>cat</b>', device_type: '<i>phone</i>', duration_minutes: 30 });
  await call('POST', '/api/blocked', { app_name: hostile, daily_limit_minutes: 10 });
  const challenge = await call('POST', '/api/challenges', { name: hostile, description: hostile, target_apps: [hostile], start_date: day, end_date: day });
  const admin = await server.token({ email: 'admin@focus.example', password: 'Admin-1234' });
  await server.call('POST', '/api/admin/notifications', { title: hostile, message: hostile, user_ids: [account.id] }, admin);
  await signIn(page, server, account);
  for (const path of ['/', '/trends', `/trends/app/${encodeURIComponent(hostile)}`, '/limits', '/challenges', '/challenges?tab=browse', `/challenges/${challenge.id}`, '/notifications', '/settings', '/dev/mail']) {
    await page.goto(server.url + path);
    await settled(page);
    if (path !== '/settings' && path !== '/dev/mail') await expect(page.getByText('<img src=x onerror=').first(), path).toBeVisible();
    expect(await page.evaluate(() => (window as unknown as { hacked?: number }).hacked), path).toBeUndefined();
    expect(await page.locator('img[src=x]').count(), path).toBe(0);
  }
  await page.goto(`${server.url}/login`);
  await page.evaluate(() => { localStorage.clear(); sessionStorage.clear(); });
  await signIn(page, server, { email: 'admin@focus.example', password: 'Admin-1234' });
  for (const path of [`/admin/users?search=${account.username}`, `/admin/users/${account.id}`, '/admin/challenges', '/admin/logs', '/admin']) {
    await page.goto(server.url + path);
    await settled(page);
    expect(await page.evaluate(() => (window as unknown as { hacked?: number }).hacked), path).toBeUndefined();
  }
  // A redirect to another site is not followed.
  await page.evaluate(() => { localStorage.clear(); sessionStorage.clear(); });
  await page.goto(`${server.url}/login?next=${encodeURIComponent('//evil.example/')}`);
  await page.locator('input[type=email]').fill(account.email);
  await page.locator('input[type=password]').fill(account.password);
  await page.locator('form button.primary').click();
  await expect(page).toHaveURL(`${server.url}/`);
});
