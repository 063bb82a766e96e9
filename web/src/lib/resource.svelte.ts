// Data that a page shows. It is read when the page opens, when a dependency changes, after notifications of the given
// kinds, and when the server can be reached again.
// Always holds: an older answer never replaces a newer one; while it is read again the old data stays.
import { Failure } from '../api/client';
import { connection } from '../api/connection.svelte';
import { live } from '../api/live.svelte';
import type { Notification } from '../api/types';

interface Options {
  /** Kinds of notification after which it is read again. */
  on?: Notification['notification_type'][];
  /** Interval of reads while the page is visible. */
  everyMs?: number;
}

const k_settle_ms = 120; // one cause may send several notifications

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

  /** Sets the data from the answer to a change. */
  set(data: T): void {
    this.#turn += 1;
    this.data = data;
    this.failure = undefined;
    this.loading = false;
  }
}

/** For a component's script: lives as long as the component. Depends on the state that `load` reads before its first await. */
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
