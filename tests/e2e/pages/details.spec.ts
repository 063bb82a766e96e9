// Details of rendering that other tests do not check: what is drawn where, in which zone, at which width.
import type { Page } from '@playwright/test';
import { admin, expect, expectAccessible, layoutShift, newAccount, settled, signIn, test, today } from '../support.ts';

const phone = { width: 390, height: 844 };
const longName = `Video ${'player-of-the-open-source-community-'.repeat(2)}1`; // 79 letters, few places to break
const height = async (page: Page, selector: string) => (await page.locator(selector).first().boundingBox())?.height ?? 0;

test('a day is the same day in every zone', async ({ page, server }) => {
  const account = await newAccount(server, { timezone: 'America/Los_Angeles' });
  const day = '2026-03-02';
  await server.call('POST', '/api/activities', { app_name: 'Chess', duration_minutes: 5, activity_date: day }, account.token);
  await signIn(page, server, account);
  await page.goto(`${server.url}/trends/app/Chess`);
  await expect(page.getByText(/First used/)).toHaveText(/First used (2 Mar 2026|Mar 2, 2026)\. ?Last used (2 Mar 2026|Mar 2, 2026)\./);
});

test('the cells of a ranking have one height', async ({ page, demoServer }) => {
  await signIn(page, demoServer, { email: 'demo@focus.example', password: 'Demo-1234' });
  await page.goto(`${demoServer.url}/challenges/2`);
  await settled(page);
  const bottoms = await page.locator('tr[data-user]').first().locator('td').evaluateAll((cells) => cells.map((cell) => Math.round(cell.getBoundingClientRect().bottom)));
  expect(bottoms).toHaveLength(3);
  expect(new Set(bottoms).size).toBe(1);
});

test('twelve unread notifications are one line of two digits', async ({ page, server }) => {
  const account = await newAccount(server);
  const token = await server.token(admin);
  for (let i = 0; i < 12; ++i) await server.call('POST', '/api/admin/notifications', { title: `No. ${i}`, message: 'text', user_ids: [account.id] }, token);
  await signIn(page, server, account);
  const dot = page.locator('.side .dot');
  await expect(dot).toHaveText('12');
  const box = await dot.boundingBox();
  expect(box?.height).toBeLessThanOrEqual(20);
  expect(box?.width).toBeGreaterThanOrEqual(18);
});

test.describe('on a phone', () => {
  test.use({ viewport: phone });

  test('words in tables of the administration stay whole', async ({ page, demoServer }) => {
    await signIn(page, demoServer, admin);
    for (const [path, selector] of [['/admin/users', '.table .tag'], ['/admin/jobs', '.table .button'], ['/admin/jobs', '.table code']] as const) {
      await page.goto(demoServer.url + path);
      await settled(page);
      await page.locator(selector).first().waitFor();
      expect(await height(page, selector), `${path} ${selector}`).toBeLessThan(48);
      await expectAccessible(page);
    }
  });

  test('a long name of an app fits', async ({ page, server }) => {
    const account = await newAccount(server);
    await server.call('POST', '/api/activities', { app_name: longName, duration_minutes: 5 }, account.token);
    await signIn(page, server, account);
    for (const path of ['/challenges/new', `/trends/app/${encodeURIComponent(longName)}`, '/', '/trends']) {
      await page.goto(server.url + path);
      await settled(page);
      await expect(page.getByText(longName).first()).toBeVisible();
      const [width, screen] = await page.evaluate(() => [document.documentElement.scrollWidth, innerWidth] as const);
      expect(width, path).toBeLessThanOrEqual(screen);
    }
  });

  test('a challenge does not jump on a slow network', async ({ page, demoServer }) => {
    await signIn(page, demoServer, { email: 'demo@focus.example', password: 'Demo-1234' });
    const network = await page.context().newCDPSession(page);
    await network.send('Network.emulateNetworkConditions', { offline: false, latency: 150, downloadThroughput: 200_000, uploadThroughput: 200_000 });
    await page.goto(`${demoServer.url}/challenges/2`);
    await settled(page);
    await page.locator('tr[data-user]').first().waitFor();
    expect(await layoutShift(page)).toBeLessThan(0.05);
  });
});

test('the last day of a chart is not cut', async ({ page, server }) => {
  const account = await newAccount(server);
  await server.call('POST', '/api/activities', { app_name: 'Chess', duration_minutes: 5, activity_date: '2026-06-30' }, account.token);
  await signIn(page, server, account);
  await page.goto(`${server.url}/trends?span=month&end=2026-06-30`);
  await settled(page);
  await page.locator('.plot canvas').waitFor();
  // A label that is cut has ink in the last column of the axis.
  const inked = await page.locator('.plot canvas').evaluate((element) => {
    const canvas = element as HTMLCanvasElement;
    const strip = Math.round(30 * devicePixelRatio);
    const column = canvas.getContext('2d')?.getImageData(canvas.width - 1, canvas.height - strip, 1, strip).data ?? [];
    return Array.from(column).filter((_, i) => i % 4 === 3).some((alpha) => alpha > 0);
  });
  expect(inked).toBe(false);
});

test('values can be read with the arrow keys', async ({ page, server }) => {
  const account = await newAccount(server);
  const day = today();
  await server.call('POST', '/api/activities', { app_name: 'Chess', duration_minutes: 15, start_time: '2026-03-02T09:00:00+01:00', end_time: '2026-03-02T09:15:00+01:00' }, account.token);
  await server.call('POST', '/api/activities', { app_name: 'Chess', duration_minutes: 7, activity_date: day }, account.token);
  await signIn(page, server, account);
  await page.goto(`${server.url}/?date=2026-03-02`);
  await settled(page);
  await page.locator('.bars').focus();
  for (let i = 0; i < 10; ++i) await page.keyboard.press('ArrowRight');
  await expect(page.locator('figure .above')).toHaveText(/09:00 · 15\smin/);
  await expect(page.locator('figure table tr', { hasText: '09:00' })).toContainText(/15\smin/);
  await page.goto(`${server.url}/trends`);
  await settled(page);
  await page.locator('.plot').focus();
  await page.keyboard.press('ArrowLeft');
  await expect(page.locator('figure .above')).toHaveText(/Today · 7\smin/);
});

test('a day that does not exist shows today', async ({ page, server }) => {
  await signIn(page, server, await newAccount(server));
  for (const date of ['2027-13-45', '2026-02-30', 'x']) {
    await page.goto(`${server.url}/?date=${date}`);
    await settled(page);
    await expect(page.getByRole('heading', { level: 1, name: 'Today' })).toBeVisible();
  }
  await page.goto(`${server.url}/trends?end=2027-13-45&span=range&start=nonsense`);
  await settled(page);
  await expect(page.locator('.totals').first()).toBeVisible();
});

test('an app that was never used offers nothing to change', async ({ page, server }) => {
  await signIn(page, server, await newAccount(server));
  await page.goto(`${server.url}/trends/app/Nothing`);
  await expect(page.getByText('Nothing recorded')).toBeVisible();
  await expect(page.getByRole('button', { name: /category/i })).toHaveCount(0);
});

test('an unknown address is a page of ours, with 404', async ({ page, server }) => {
  for (const path of ['/nope', '/docs', '/welcome']) {
    const answer = await page.goto(server.url + path);
    expect(answer?.status(), path).toBe(404);
    await expect(page.getByRole('link', { name: 'Go to today' })).toBeVisible();
  }
});

test("one's own invitation opens the challenge", async ({ page, server }) => {
  const account = await newAccount(server);
  const challenge = await server.call<{ id: number; invitation_code: string }>(
    'POST', '/api/challenges', { name: 'Quiet week', target_apps: ['Chess'], start_date: today(), end_date: today(), is_public: false }, account.token);
  await signIn(page, server, account);
  await page.goto(`${server.url}/join/${challenge.invitation_code}`);
  await page.locator('form button.primary').click();
  await expect(page).toHaveURL(new RegExp(`/challenges/${challenge.id}$`));
  await expect(page.getByRole('heading', { level: 1, name: 'Quiet week' })).toBeVisible();
});

test('an import says what is wrong with a line', async ({ page, server }) => {
  await signIn(page, server, await newAccount(server));
  await page.goto(`${server.url}/settings`);
  const csv = 'app_name,duration_minutes,activity_date\nChess,5,2026-03-02\nChess,5,32.13.2026\n';
  await page.locator('input[type=file]').setInputFiles({ name: 'time.csv', mimeType: 'text/csv', buffer: Buffer.from(csv) });
  await expect(page.getByText(/Line 3: activity_date: /)).toBeVisible();
  await expect(page.getByText(/app_name, and duration_minutes with activity_date/)).toBeVisible();
});
