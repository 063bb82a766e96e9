// How the pages are served: policy, caching, compression, reload at any address, speed.
import { expect, settled, signIn, test, demo } from '../support.ts';

test('every answer of the pages forbids what is inline or foreign', async ({ demoServer }) => {
  const page = await fetch(`${demoServer.url}/settings`, { headers: { Accept: 'text/html' } });
  const policy = page.headers.get('content-security-policy') ?? '';
  expect(policy).toContain("default-src 'none'");
  expect(policy).toContain("require-trusted-types-for 'script'");
  expect(policy).not.toContain('unsafe');
  expect(page.headers.get('cache-control')).toBe('no-cache');
  const html = await page.text();
  expect(html).not.toMatch(/<script(?![^>]*\bsrc=)|\son\w+=|\sstyle=/);
  for (const [, path] of html.matchAll(/(?:src|href)="(\/assets\/[^"]+)"/g)) {
    const asset = await fetch(demoServer.url + path, { headers: { 'Accept-Encoding': 'gzip' } });
    expect(asset.headers.get('cache-control'), path).toContain('immutable');
    expect(asset.headers.get('content-encoding'), path).toBe('gzip');
  }
});

test('the root is a page for browsers and JSON for programs; the API never answers with a page', async ({ demoServer }) => {
  const ask = (path: string, accept: string) => fetch(demoServer.url + path, { headers: { Accept: accept } });
  expect((await ask('/', 'text/html')).headers.get('content-type')).toContain('text/html');
  expect(await (await ask('/', 'application/json')).json()).toMatchObject({ name: 'Focus' });
  for (const path of ['/api/nothing', '/api/admin/nothing', '/assets/nothing.js']) {
    const answer = await ask(path, 'text/html');
    expect(answer.status, path).toBe(404);
    expect(answer.headers.get('content-type'), path).toContain('problem+json');
  }
  expect((await ask('/nothing', 'application/json')).headers.get('content-type')).toContain('problem+json');
});

test('today is usable within a second', async ({ page, demoServer }) => {
  await signIn(page, demoServer, demo);
  await settled(page);
  await page.reload();
  await settled(page);
  const ready = await page.evaluate(() => {
    const last = performance.getEntriesByType('resource').filter((entry) => entry.name.includes('/api/activities/stats/daily')).at(-1);
    return last?.responseEnd ?? Infinity;
  });
  expect(ready, 'milliseconds from the navigation to the day being there').toBeLessThan(1000);
});
