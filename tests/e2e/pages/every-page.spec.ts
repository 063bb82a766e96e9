// Every page, with much data and with none: it loads at its address, breaks no accessibility rule, does not jump, fits
// the screen, and sends requests to its server only. Screenshots go to build/e2e/pages.
import { join } from 'node:path';
import { admin, demo, expect, expectAccessible, layoutShift, newAccount, screenshots, type Server, settled, signIn, test } from '../support.ts';

const guestPages = ['/login', '/register', '/forgot-password', '/reset-password?token=x', '/verify-email?token=x', '/not-me?token=x', '/unsubscribe?token=x', '/dev/mail', '/oauth/callback', '/oauth/callback#link_token=x&provider=google&redirect_to=/'];
const userPages = [
  '/', '/dashboard', '/trends', '/trends?span=month', '/trends?span=range', '/limits', '/limits?add=1', '/challenges', '/challenges?tab=browse', '/challenges/new', '/challenges/2', '/join', '/notifications', '/settings',
];
const adminPages = ['/admin', '/admin/users', '/admin/users/2', '/admin/challenges', '/admin/logs', '/admin/emails', '/admin/jobs', '/admin/health', '/admin/notify'];

const looks = [
  { name: 'desktop-en-light', language: 'en', viewport: { width: 1280, height: 900 }, colorScheme: 'light' },
  { name: 'phone-fr-dark', language: 'fr', viewport: { width: 390, height: 844 }, colorScheme: 'dark' },
] as const;
const k_most_shift = 0.1; // "good" by the Web Vitals

async function setLanguage(server: Server, person: { email: string; password: string }, language: string): Promise<void> {
  await server.call('PATCH', '/api/users/me', { language }, await server.token(person));
}

for (const look of looks) {
  test.describe(look.name, () => {
    test.describe.configure({ timeout: 240_000 }); // many pages, each checked by axe
    test.use({ viewport: look.viewport, colorScheme: look.colorScheme, locale: look.language });

    async function visit(page: import('@playwright/test').Page, server: Server, path: string, prefix: string): Promise<void> {
      await page.goto(server.url + path);
      await settled(page);
      expect(await page.evaluate(() => document.documentElement.lang)).toBe(look.language);
      await expectAccessible(page);
      expect(await layoutShift(page), `${path} jumps`).toBeLessThan(k_most_shift);
      const name = `${prefix}${path.replace(/\W+/g, '-').replace(/^-|-$/g, '') || 'today'}`;
      await page.screenshot({ path: join(screenshots, look.name, `${name}.png`), fullPage: true });
    }

    test('pages for guests', async ({ page, demoServer }) => {
      for (const path of guestPages) await test.step(path, () => visit(page, demoServer, path, 'guest-'));
    });
    test('pages of a full account', async ({ page, demoServer }) => {
      await setLanguage(demoServer, demo, look.language);
      await signIn(page, demoServer, demo);
      for (const path of [...userPages, '/trends/app/Instagram']) await test.step(path, () => visit(page, demoServer, path, ''));
    });
    test('pages of an empty account', async ({ page, server }) => {
      const account = await newAccount(server, { language: look.language });
      await signIn(page, server, account);
      for (const path of ['/', '/trends', '/limits', '/challenges', '/challenges/1', '/notifications', '/settings']) await test.step(path, () => visit(page, server, path, 'empty-'));
    });
    test('pages of the administrator', async ({ page, demoServer }) => {
      await setLanguage(demoServer, admin, look.language);
      await signIn(page, demoServer, admin);
      for (const path of adminPages) await test.step(path, () => visit(page, demoServer, path, ''));
    });
  });
}

test('the chosen appearance wins over the system', async ({ page, demoServer }) => {
  await setLanguage(demoServer, demo, 'en');
  await signIn(page, demoServer, demo);
  await page.goto(`${demoServer.url}/settings`);
  await page.getByRole('button', { name: 'Dark' }).click();
  const background = () => page.evaluate(() => getComputedStyle(document.body).backgroundColor);
  expect(await background()).toBe('rgb(16, 22, 26)');
  await page.reload();
  await settled(page);
  expect(await background()).toBe('rgb(16, 22, 26)');
  await expectAccessible(page);
});
