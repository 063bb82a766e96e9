// The user who is signed in on this page.
// Always holds: `user` is set exactly while `state` is 'in'; signing out in one tab signs out all of them.
import { setLanguage } from '../lib/i18n.svelte';
import { toasts } from '../lib/toasts.svelte';
import { api, body, Failure, page, whenSessionEnds } from './client';
import { live } from './live.svelte';
import { accessToken, forget, hasSession, keep, onOtherTab, refresh } from './tokens';
import type { SignedIn, User } from './types';

export type State = 'starting' | 'unreachable' | 'out' | 'in';

class SessionState {
  state = $state<State>('starting');
  user = $state.raw<User | null>(null);
  /** The session ended without a sign-out by the user: the sign-in page says so. */
  ended = $state(false);
  unread = $state(0);

  /** Restores the session of this browser, if any. */
  async restore(): Promise<void> {
    if (!hasSession()) {
      this.state = 'out';
      return;
    }
    if (!accessToken()) {
      const outcome = await refresh();
      if (outcome === 'ended') return this.end();
      if (outcome === 'unreachable') {
        this.state = 'unreachable';
        return;
      }
    }
    try {
      await this.#enter(await body(api.GET('/api/users/me')));
    } catch (failure) {
      // No answer: the page asks again when the server is back.
      if (!(failure instanceof Failure) || failure.kind === 'offline' || failure.status >= 500) this.state = 'unreachable';
      else this.end();
    }
  }

  async signedIn(answer: SignedIn): Promise<void> {
    keep(answer);
    this.ended = false;
    await this.#enter(answer.user);
  }

  async #enter(user: User): Promise<void> {
    await this.update(user);
    this.state = 'in';
    if (user.is_verified) void this.watch();
  }

  /** The profile has changed. */
  async update(user: User): Promise<void> {
    this.user = user;
    await setLanguage(user.language);
  }

  async reloadUser(): Promise<void> {
    await this.update(await body(api.GET('/api/users/me')));
  }

  /** Opens the socket for notifications. */
  async watch(): Promise<void> {
    const newest = await this.countUnread();
    if (this.state === 'in') live.start(newest);
  }

  /** Counts unread notifications; returns the id of the newest one. */
  async countUnread(): Promise<number> {
    try {
      const [unread, newest] = await Promise.all([
        page(api.GET('/api/notifications', { params: { query: { unread: true, limit: 1 } } })),
        page(api.GET('/api/notifications', { params: { query: { limit: 1 } } })),
      ]);
      this.unread = unread.total;
      return newest.items[0]?.id ?? 0;
    } catch {
      return 0;
    }
  }

  async signOut(): Promise<void> {
    const token = forget();
    this.#leave();
    if (!token) return;
    try {
      await api.POST('/api/auth/logout', { body: { refresh_token: token } });
    } catch {
      // The tokens are deleted here; the session itself ends when it expires.
    }
  }

  /** The session is no longer valid on the server. */
  end(): void {
    forget();
    if (this.state === 'in') this.ended = true; // concurrent requests may each call this; the first one counts
    this.#leave();
  }

  #leave(): void {
    live.stop();
    this.user = null;
    this.unread = 0;
    this.state = 'out';
  }
}

export const session = new SessionState();

whenSessionEnds(() => session.end());
live.onEnded = () => session.end();
live.onRefused = () => session.reloadUser().catch(() => undefined); // the client handles a 401
live.listen((notification) => {
  if (notification.id === null) return;
  session.unread += 1;
  toasts.show('news', notification.title, notification.message);
});
onOtherTab(() => location.reload());
