// App categories: a name in the page's language for the known ones, and a colour that stays the same everywhere.
import { t } from './i18n.svelte';

const colours: Record<string, number> = { social: 2, video: 1, communication: 6, browser: 3, music: 4, productivity: 0, education: 5, games: 8, other: 7 };

export function categoryName(category: string): string {
  const known = t().categories as Record<string, string>;
  return known[category.toLowerCase()] ?? category;
}

export function categoryColour(category: string): string {
  const known = colours[category.toLowerCase()];
  const index = known ?? [...category].reduce((sum, letter) => (sum * 31 + (letter.codePointAt(0) ?? 0)) % 9, 3);
  return `var(--c${index})`;
}

export const knownCategories = Object.keys(colours);
