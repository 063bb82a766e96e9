// Selects the page by address. Links are plain <a href>; a click on an internal one changes the page without a load.
// Then the new page's heading has the focus, so that keyboards and screen readers start there.
import { tick } from 'svelte';

class Router {
  path = $state(location.pathname);
  query = $state.raw(new URLSearchParams(location.search));
  /** Grows with each change of the page by the user. */
  visits = $state(0);

  constructor() {
    history.scrollRestoration = 'auto';
    addEventListener('popstate', () => this.#read());
    document.addEventListener('click', (event) => this.#click(event));
  }

  go(to: string, options: { replace?: boolean } = {}): void {
    if (options.replace) history.replaceState(null, '', to);
    else history.pushState(null, '', to);
    const before = this.path;
    this.#read();
    if (this.path !== before) scrollTo(0, 0);
  }

  /** Changes the query without a new entry in the history. */
  setQuery(values: Record<string, string | null>): void {
    const query = new URLSearchParams(this.query);
    for (const [name, value] of Object.entries(values)) {
      if (value === null || value === '') query.delete(name);
      else query.set(name, value);
    }
    const text = query.toString();
    history.replaceState(null, '', text ? `${this.path}?${text}` : this.path);
    this.query = query;
  }

  #read(): void {
    this.query = new URLSearchParams(location.search);
    if (location.pathname === this.path) return;
    this.path = location.pathname;
    this.visits += 1;
  }

  #click(event: MouseEvent): void {
    if (event.defaultPrevented || event.button !== 0 || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return;
    const link = (event.target as Element | null)?.closest('a');
    if (!link || link.target || link.hasAttribute('download') || link.origin !== location.origin) return;
    if (link.pathname.startsWith('/api') || (link.pathname === location.pathname && link.hash)) return;
    event.preventDefault();
    this.go(link.pathname + link.search);
  }
}

export const router = new Router();

export async function focusHeading(): Promise<void> {
  await tick();
  const heading = document.querySelector<HTMLElement>('main h1');
  if (!heading) return;
  heading.tabIndex = -1;
  heading.focus({ preventScroll: true });
}
