// Whether the server can be reached. While it cannot, a probe is sent periodically; when it is back, listeners read
// their data again.
type Listener = () => void;

const k_first_pause_ms = 1000;
const k_longest_pause_ms = 10_000;

class Connection {
  online = $state(true);
  #listeners = new Set<Listener>();
  #timer: ReturnType<typeof setTimeout> | undefined;
  #pause = k_first_pause_ms;

  constructor() {
    addEventListener('offline', () => this.lost());
    addEventListener('online', () => void this.#probe());
  }

  /** `act` is called each time that the server can be reached again. */
  onBack(act: Listener): () => void {
    this.#listeners.add(act);
    return () => this.#listeners.delete(act);
  }

  reached(): void {
    if (this.online) return;
    this.online = true;
    this.#pause = k_first_pause_ms;
    clearTimeout(this.#timer);
    this.tellBack();
  }

  lost(): void {
    if (!this.online) return;
    this.online = false;
    this.#schedule();
  }

  tellBack(): void {
    for (const act of [...this.#listeners]) act();
  }

  #schedule(): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => void this.#probe(), this.#pause);
    this.#pause = Math.min(this.#pause * 1.5, k_longest_pause_ms);
  }

  async #probe(): Promise<void> {
    try {
      const response = await fetch('/api/health/ready', { cache: 'no-store' });
      if (response.ok) return this.reached();
    } catch {
      // still unreachable
    }
    this.#schedule();
  }
}

export const connection = new Connection();
