// Data that a page shows. It is read when the page opens, when what it depends on changes, when something happened on
// the server that concerns it, and when the server has come back.
// Always holds: an older answer never replaces a newer one; while it is read again the old data stays.
import { Failure } from '../api/client';
import { connection } from '../api/connection.svelte';
import { live } from '../api/live.svelte';
import type { Notification } from '../api/types';

interface Options {
  /** Kinds of notification after which it is read again. */
  on?: Notification['notification_type'][];
  /** Read again so often while the page is visible. */
  everyMs?: number;
}

const k_settle_ms = 120; // several notifications of one cause come together

export class Resource<T> {
  data = $state.raw<T | undefined>(undefined);
  failure = $state.raw<Failure | undefined>(undefined);
  loading = $state(true);
  #turn = 0;
  #load: () => Promise<T>;

  constructor(load: () => Promise<T>) {
    this.#load = load;
  }

  async reload(): Promise<void> {
    const turn = ++this.#turn;
    this.loading = true;
    try {
      const data = await this.#load();
      if (turn !== this.#turn) return;
      this.data = data;
      this.failure = undefined;
    } catch (error) {
      if (turn !== this.#turn) return;
      if (!(error instanceof Failure)) throw error;
      this.failure = error;
    } finally {
      if (turn === this.#turn) this.loading = false;
    }
  }

  /** Puts in what is known from an answer to a change. */
  set(data: T): void {
    this.#turn += 1;
    this.data = data;
    this.failure = undefined;
    this.loading = false;
  }
}

/** For a component's script: lives as long as the component. What `load` reads before its first await, it depends on. */
export function resource<T>(load: () => Promise<T>, options: Options = {}): Resource<T> {
  const one = new Resource(load);
  $effect(() => {
    void one.reload();
  });
  $effect(() => {
    let timer: ReturnType<typeof setTimeout> | undefined;
    const again = () => void one.reload();
    const stopBack = connection.onBack(again);
    const stopLive = live.listen((notification) => {
      if (!options.on?.includes(notification.notification_type)) return;
      clearTimeout(timer);
      timer = setTimeout(again, k_settle_ms);
    });
    const whenVisible = () => {
      if (document.visibilityState === 'visible' && connection.online) again();
    };
    const interval = options.everyMs ? setInterval(whenVisible, options.everyMs) : undefined;
    document.addEventListener('visibilitychange', whenVisible);
    return () => {
      stopBack();
      stopLive();
      clearTimeout(timer);
      clearInterval(interval);
      document.removeEventListener('visibilitychange', whenVisible);
    };
  });
  return one;
}
