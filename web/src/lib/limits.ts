import type { BlockedApp } from '../api/types';

/** Green, amber from the warning on, red when nothing is left. */
export function limitColour(limit: Pick<BlockedApp, 'is_blocked' | 'usage_percentage' | 'notify_at_percentage'>): string {
  if (limit.is_blocked || limit.usage_percentage >= 100) return 'var(--bad-fill)';
  return limit.usage_percentage >= limit.notify_at_percentage ? 'var(--warn-fill)' : 'var(--accent)';
}

/** "HH:MM" as minutes of the day. */
export function minuteOf(clock: string): number {
  const [hours = 0, minutes = 0] = clock.split(':').map(Number);
  return hours * 60 + minutes;
}

export function clockOf(minute: number): string {
  return `${String(Math.floor(minute / 60)).padStart(2, '0')}:${String(minute % 60).padStart(2, '0')}`;
}
