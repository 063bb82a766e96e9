// The session's tokens. The access token is stored per tab (sessionStorage, so that a reload costs no rotation), the
// refresh token in localStorage, shared by the tabs. docs/web.md says what that means against XSS and CSRF.
// Always holds: at most one tab at a time exchanges the refresh token (Web Locks, where the browser has them).
import type { Tokens } from './types';

const k_access = 'focus.access';
const k_refresh = 'focus.refresh';

export type Refreshed = 'refreshed' | 'ended' | 'unreachable';

let pending: Promise<Refreshed> | null = null;

export function accessToken(): string | null {
  return sessionStorage.getItem(k_access);
}

export function hasSession(): boolean {
  return localStorage.getItem(k_refresh) !== null;
}

export function keep(tokens: Pick<Tokens, 'access_token' | 'refresh_token'>): void {
  sessionStorage.setItem(k_access, tokens.access_token);
  localStorage.setItem(k_refresh, tokens.refresh_token);
}

/** Deletes the tokens and returns the refresh token, so that the session can be ended on the server. */
export function forget(): string | null {
  const token = localStorage.getItem(k_refresh);
  sessionStorage.removeItem(k_access);
  localStorage.removeItem(k_refresh);
  return token;
}

/** Calls `act` when another tab has signed out or in. */
export function onOtherTab(act: () => void): void {
  addEventListener('storage', (event) => {
    if (event.key === k_refresh && (event.newValue === null || event.oldValue === null)) act();
  });
}

async function exchange(): Promise<Refreshed> {
  const token = localStorage.getItem(k_refresh);
  if (!token) return 'ended';
  let response: Response;
  try {
    response = await fetch('/api/auth/refresh', {
      method: 'POST',
      headers: { 'Content-Type': 'application/json' },
      body: JSON.stringify({ refresh_token: token }),
    });
  } catch {
    return 'unreachable';
  }
  if (response.ok) {
    keep((await response.json()) as Tokens);
    return 'refreshed';
  }
  return response.status === 401 || response.status === 422 ? 'ended' : 'unreachable';
}

/** Gets new tokens for the session. Concurrent callers share one request and its outcome. */
export function refresh(): Promise<Refreshed> {
  if (pending) return pending;
  const alone = async (): Promise<Refreshed> => ('locks' in navigator ? await navigator.locks.request('focus.refresh', exchange) : await exchange());
  pending = alone().finally(() => {
    pending = null;
  });
  return pending;
}
