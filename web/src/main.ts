import './app.css';
import { mount } from 'svelte';
import App from './App.svelte';
import { connection } from './api/connection.svelte';
import { session } from './api/session.svelte';
import { preferredLanguage, setLanguage } from './lib/i18n.svelte';
import './lib/theme.svelte';

connection.onBack(() => {
  if (session.state === 'unreachable') void session.restore();
});

await setLanguage(preferredLanguage());
mount(App, { target: document.getElementById('app') as HTMLElement });
await session.restore();
