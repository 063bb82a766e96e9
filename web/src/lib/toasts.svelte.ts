// Short messages at the edge of the page that disappear after a time.
export type Tone = 'good' | 'bad' | 'news';

export interface Toast {
  id: number;
  tone: Tone;
  title: string;
  text: string;
}

const k_shown_ms = 6000;
const k_most = 4;

class Toasts {
  list = $state<Toast[]>([]);
  #next = 1;

  show(tone: Tone, title: string, text = ''): void {
    const toast = { id: this.#next++, tone, title, text };
    this.list = [...this.list.slice(-(k_most - 1)), toast];
    setTimeout(() => this.dismiss(toast.id), k_shown_ms);
  }

  dismiss(id: number): void {
    this.list = this.list.filter((toast) => toast.id !== id);
  }
}

export const toasts = new Toasts();
