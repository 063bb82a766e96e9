// Formats numbers, durations and dates in the page's language and the user's time zone.
// A "day" is a calendar day as text (YYYY-MM-DD); it has no zone; converting an instant to a day always needs one.
import { session } from '../api/session.svelte';
import { language, t } from './i18n.svelte';

const k_thin = '\u202f'; // between number and unit
const k_day_ms = 86_400_000;

export function zone(): string {
  return session.user?.timezone ?? Intl.DateTimeFormat().resolvedOptions().timeZone;
}

/** Minutes as "2 h 05", "45 min", "< 1 min". */
export function duration(minutes: number): string {
  if (minutes > 0 && minutes < 1) return `<${k_thin}1${k_thin}min`;
  const whole = Math.round(minutes);
  if (whole < 60) return `${whole}${k_thin}min`;
  const rest = whole % 60;
  return `${number(Math.floor(whole / 60))}${k_thin}h${rest === 0 ? '' : `${k_thin}${String(rest).padStart(2, '0')}`}`;
}

/** Minutes on an axis: "2 h", "1.5 h", "30 min". */
export function shortDuration(minutes: number): string {
  return minutes >= 60 ? `${number(minutes / 60, 1)}${k_thin}h` : `${number(minutes, 0)}${k_thin}min`;
}

export function number(value: number, digits = 0): string {
  return new Intl.NumberFormat(language(), { maximumFractionDigits: digits }).format(value);
}

export function percent(value: number): string {
  return new Intl.NumberFormat(language(), { style: 'percent', maximumFractionDigits: 0 }).format(value / 100);
}

/** "+12 %", "−8 %". */
export function change(value: number): string {
  return new Intl.NumberFormat(language(), { style: 'percent', maximumFractionDigits: 0, signDisplay: 'exceptZero' }).format(value / 100);
}

export function bytes(count: number): string {
  const megabytes = count / (1024 * 1024);
  return megabytes >= 1 ? `${number(megabytes, 1)} ${t().units.mb}` : `${number(count / 1024, 1)} ${t().units.kb}`;
}

// --- calendar days -------------------------------------------------------------------------------------------

function asUtc(day: string): Date {
  return new Date(`${day}T00:00:00Z`);
}

/** The calendar day of an instant in the user's zone. */
export function dayOf(instant: Date): string {
  const parts = new Intl.DateTimeFormat('en', { timeZone: zone(), year: 'numeric', month: '2-digit', day: '2-digit' }).formatToParts(instant);
  const part = (type: string) => parts.find((one) => one.type === type)?.value ?? '';
  return `${part('year')}-${part('month')}-${part('day')}`;
}

/** The text where it is a calendar day ("2027-13-45" is none), else nothing. */
export function validDay(text: string | null): string | undefined {
  if (!text || !/^\d{4}-\d\d-\d\d$/.test(text)) return undefined;
  const at = asUtc(text);
  return !Number.isNaN(at.getTime()) && at.toISOString().startsWith(text) ? text : undefined;
}

export function today(): string {
  return dayOf(new Date());
}

export function plusDays(day: string, days: number): string {
  return new Date(asUtc(day).getTime() + days * k_day_ms).toISOString().slice(0, 10);
}

export function daysBetween(from: string, to: string): number {
  return Math.round((asUtc(to).getTime() - asUtc(from).getTime()) / k_day_ms);
}

export function day(value: string, style: 'long' | 'medium' | 'short' | 'weekday' | 'narrow' = 'medium'): string {
  const options: Record<typeof style, Intl.DateTimeFormatOptions> = {
    long: { weekday: 'long', day: 'numeric', month: 'long' },
    medium: { day: 'numeric', month: 'short', year: 'numeric' },
    short: { day: 'numeric', month: 'short' },
    weekday: { weekday: 'short' },
    narrow: { weekday: 'narrow' },
  };
  return new Intl.DateTimeFormat(language(), { ...options[style], timeZone: 'UTC' }).format(asUtc(value));
}

/** "Today", "Yesterday", else the long date. */
export function friendlyDay(value: string): string {
  const distance = daysBetween(value, today());
  if (distance === 0) return t().time.today;
  if (distance === 1) return t().time.yesterday;
  return day(value, 'long');
}

// --- instants ------------------------------------------------------------------------------------------------

export function time(instant: string): string {
  return new Intl.DateTimeFormat(language(), { hour: '2-digit', minute: '2-digit', hourCycle: 'h23', timeZone: zone() }).format(new Date(instant));
}

export function moment(instant: string): string {
  return new Intl.DateTimeFormat(language(), { dateStyle: 'medium', timeStyle: 'short', timeZone: zone() }).format(new Date(instant));
}

/** "3 minutes ago", "in 2 hours". */
export function ago(instant: string, now = Date.now()): string {
  const seconds = Math.round((new Date(instant).getTime() - now) / 1000);
  const steps: [Intl.RelativeTimeFormatUnit, number][] = [['day', 86_400], ['hour', 3600], ['minute', 60]];
  const relative = new Intl.RelativeTimeFormat(language(), { numeric: 'auto' });
  for (const [unit, size] of steps) if (Math.abs(seconds) >= size) return relative.format(Math.trunc(seconds / size), unit);
  return relative.format(0, 'second');
}

/** When a block ends: "until 18:00", "until midnight". */
export function until(instant: string): string {
  const clock = time(instant);
  const distance = daysBetween(today(), dayOf(new Date(instant)));
  if (distance === 1 && clock === '00:00') return t().time.untilMidnight;
  if (distance === 0) return t().time.until(clock);
  return t().time.until(moment(instant));
}

/** Hour of the day as a label: "08". */
export function hour(value: number): string {
  return String(value).padStart(2, '0');
}
