// Who is signed in on this page.
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
  /** Signed out without having asked for it: the sign-in page says so. */
  ended = $state(false);
  unread = $state(0);

  /** Takes up the session that this browser has, if any. */
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
      // Without an answer nothing is known; the page asks again when the server is back.
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

  /** Starts to listen to what happens. */
  async watch(): Promise<void> {
    const newest = await this.countUnread();
    if (this.state === 'in') live.start(newest);
  }

  /** Counts what is unread; gives the id of the newest notification. */
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
      // The tokens are forgotten here; the session itself ends when it expires.
    }
  }

  /** The server knows the session no more. */
  end(): void {
    forget();
    if (this.state === 'in') this.ended = true; // requests side by side each find out; the first one counts
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
live.onRefused = () => session.reloadUser().catch(() => undefined); // what a 401 means, the client finds out
live.listen((notification) => {
  if (notification.id === null) return;
  session.unread += 1;
  toasts.show('news', notification.title, notification.message);
});
onOtherTab(() => location.reload());
