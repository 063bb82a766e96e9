// The page of each address (src/app/web_pages.cpp serves the same addresses), and which users may open it.
import type { Component } from 'svelte';
import type { Messages } from '../lang/en';

export type Params = Record<string, string>;
export type PageComponent = Component<{ params: Params }>;
export type Access = 'anybody' | 'guest' | 'user' | 'admin';

export interface Route {
  pattern: string;
  access: Access;
  title: (t: Messages) => string;
  load: () => Promise<{ default: unknown }>;
  /** The current entry of the navigation. */
  section?: string;
  /** The page has its own frame. */
  bare?: boolean;
}

export const routes: Route[] = [
  { pattern: '/', access: 'user', title: (t) => t.nav.today, section: 'today', load: () => import('../pages/Today.svelte') },
  { pattern: '/dashboard', access: 'user', title: (t) => t.nav.today, section: 'today', load: () => import('../pages/Today.svelte') },
  { pattern: '/trends', access: 'user', title: (t) => t.nav.trends, section: 'trends', load: () => import('../pages/Trends.svelte') },
  { pattern: '/trends/app/{name}', access: 'user', title: (t) => t.nav.trends, section: 'trends', load: () => import('../pages/AppTrend.svelte') },
  { pattern: '/limits', access: 'user', title: (t) => t.nav.limits, section: 'limits', load: () => import('../pages/Limits.svelte') },
  { pattern: '/challenges', access: 'user', title: (t) => t.nav.challenges, section: 'challenges', load: () => import('../pages/Challenges.svelte') },
  { pattern: '/challenges/new', access: 'user', title: (t) => t.challenges.create, section: 'challenges', load: () => import('../pages/NewChallenge.svelte') },
  { pattern: '/challenges/{id}', access: 'user', title: (t) => t.nav.challenges, section: 'challenges', load: () => import('../pages/Challenge.svelte') },
  { pattern: '/join', access: 'user', title: (t) => t.challenges.join, section: 'challenges', load: () => import('../pages/Join.svelte') },
  { pattern: '/join/{code}', access: 'user', title: (t) => t.challenges.join, section: 'challenges', load: () => import('../pages/Join.svelte') },
  { pattern: '/notifications', access: 'user', title: (t) => t.nav.notifications, section: 'notifications', load: () => import('../pages/Notifications.svelte') },
  { pattern: '/settings', access: 'user', title: (t) => t.nav.settings, section: 'settings', load: () => import('../pages/Settings.svelte') },
  { pattern: '/admin', access: 'admin', title: (t) => t.nav.admin, section: 'admin', load: () => import('../pages/admin/Overview.svelte') },
  { pattern: '/admin/users', access: 'admin', title: (t) => t.admin.users, section: 'admin', load: () => import('../pages/admin/Users.svelte') },
  { pattern: '/admin/users/{id}', access: 'admin', title: (t) => t.admin.users, section: 'admin', load: () => import('../pages/admin/User.svelte') },
  { pattern: '/admin/challenges', access: 'admin', title: (t) => t.admin.challenges, section: 'admin', load: () => import('../pages/admin/Challenges.svelte') },
  { pattern: '/admin/logs', access: 'admin', title: (t) => t.admin.logs, section: 'admin', load: () => import('../pages/admin/Logs.svelte') },
  { pattern: '/admin/emails', access: 'admin', title: (t) => t.admin.emails, section: 'admin', load: () => import('../pages/admin/Emails.svelte') },
  { pattern: '/admin/jobs', access: 'admin', title: (t) => t.admin.jobs, section: 'admin', load: () => import('../pages/admin/Jobs.svelte') },
  { pattern: '/admin/health', access: 'admin', title: (t) => t.admin.health, section: 'admin', load: () => import('../pages/admin/Health.svelte') },
  { pattern: '/admin/notify', access: 'admin', title: (t) => t.admin.notify, section: 'admin', load: () => import('../pages/admin/Notify.svelte') },
  { pattern: '/login', access: 'guest', title: (t) => t.auth.signIn, load: () => import('../pages/SignIn.svelte') },
  { pattern: '/register', access: 'guest', title: (t) => t.auth.register, load: () => import('../pages/Register.svelte') },
  { pattern: '/forgot-password', access: 'guest', title: (t) => t.auth.forgotTitle, load: () => import('../pages/ForgotPassword.svelte') },
  { pattern: '/reset-password', access: 'anybody', title: (t) => t.auth.resetTitle, load: () => import('../pages/ResetPassword.svelte') },
  { pattern: '/oauth/callback', access: 'anybody', title: (t) => t.auth.signIn, load: () => import('../pages/OAuthReturn.svelte') },
  { pattern: '/dev/mail', access: 'anybody', bare: true, title: (t) => t.devMail.title, load: () => import('../pages/DevMail.svelte') },
  { pattern: '/not-me', access: 'anybody', title: (t) => t.auth.notMeTitle, load: () => import('../pages/NotMe.svelte') },
  { pattern: '/unsubscribe', access: 'anybody', title: (t) => t.auth.unsubscribeTitle, load: () => import('../pages/Unsubscribe.svelte') },
  { pattern: '/verify-email', access: 'anybody', title: (t) => t.auth.verifyTitle, load: () => import('../pages/VerifyEmail.svelte') },
];

export interface Match {
  route: Route;
  params: Params;
}

export function match(path: string): Match | null {
  const steps = path.replace(/\/+$/, '').split('/');
  for (const route of routes) {
    const wanted = route.pattern.replace(/\/+$/, '').split('/');
    if (wanted.length !== steps.length) continue;
    const params: Params = {};
    const fits = wanted.every((part, i) => {
      const step = steps[i] ?? '';
      if (!part.startsWith('{')) return part === step;
      try {
        params[part.slice(1, -1)] = decodeURIComponent(step);
        return step !== '';
      } catch {
        return false;
      }
    });
    if (fits) return { route, params };
  }
  return null;
}
