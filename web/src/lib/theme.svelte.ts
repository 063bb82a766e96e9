// Light or dark: the setting of the system, unless the user has chosen one.
export type Theme = 'system' | 'light' | 'dark';

const k_stored = 'focus.theme';

class ThemeChoice {
  value = $state<Theme>('system');

  constructor() {
    const stored = localStorage.getItem(k_stored);
    if (stored === 'light' || stored === 'dark') this.value = stored;
    this.#apply();
  }

  set(value: Theme): void {
    this.value = value;
    if (value === 'system') localStorage.removeItem(k_stored);
    else localStorage.setItem(k_stored, value);
    this.#apply();
  }

  #apply(): void {
    if (this.value === 'system') delete document.documentElement.dataset['theme'];
    else document.documentElement.dataset['theme'] = this.value;
  }
}

export const theme = new ThemeChoice();
