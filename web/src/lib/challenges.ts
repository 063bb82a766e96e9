import type { Challenge } from '../api/types';
import { day, daysBetween, today } from './format';
import { t } from './i18n.svelte';

export function statusText(challenge: Challenge): string {
  if (challenge.status === 'active' && challenge.end_date < today()) return t().challenges.counting;
  return t().challenges.status[challenge.status];
}

export function statusTone(challenge: Challenge): string {
  return { upcoming: 'accent', active: 'good', completed: '', cancelled: 'warn' }[challenge.status];
}

/** "starts in 3 days", "5 days left", or its dates. */
export function whenText(challenge: Challenge): string {
  const now = today();
  if (challenge.status === 'upcoming') return t().challenges.startsIn(daysBetween(now, challenge.start_date));
  if (challenge.status === 'active' && challenge.end_date >= now) return t().challenges.daysLeft(daysBetween(now, challenge.end_date) + 1);
  return `${day(challenge.start_date, 'short')} – ${day(challenge.end_date, 'short')}`;
}

/** The link to join a challenge; only a private one needs the code. */
export function inviteLink(challenge: Challenge): string {
  return challenge.invitation_code ? `${location.origin}/join/${challenge.invitation_code}` : `${location.origin}/challenges/${challenge.id}`;
}
