// The page's language. `t()` gives the texts of the current one; code that reads them is updated when the language changes.
import type { Messages } from '../lang/en';

export type Language = 'en' | 'fr';

const k_stored = 'focus.language';
const loaders: Record<Language, () => Promise<Messages>> = {
  en: async () => (await import('../lang/en')).en,
  fr: async () => (await import('../lang/fr')).fr,
};

let messages = $state.raw<Messages | null>(null);
let current = $state<Language>('en');

export function t(): Messages {
  if (!messages) throw new Error('no language was loaded');
  return messages;
}

export function language(): Language {
  return current;
}

export async function setLanguage(wanted: Language): Promise<void> {
  if (messages && wanted === current) return;
  messages = await loaders[wanted]();
  current = wanted;
  document.documentElement.lang = wanted;
  localStorage.setItem(k_stored, wanted);
}

/** The language chosen before, else the browser's. */
export function preferredLanguage(): Language {
  const stored = localStorage.getItem(k_stored);
  if (stored === 'en' || stored === 'fr') return stored;
  return navigator.languages.find((tag) => /^(en|fr)\b/.test(tag))?.startsWith('fr') ? 'fr' : 'en';
}
