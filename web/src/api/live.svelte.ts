// The WebSocket of notifications, by which the page follows changes on the server. One socket per tab while a user is
// signed in; it reconnects with back-off, gets missed notifications, and renews its token.
import { connection } from './connection.svelte';
import { accessToken, refresh } from './tokens';
import type { Notification } from './types';

export interface LiveNotification {
  type: 'notification';
  id: number | null;
  notification_type: Notification['notification_type'];
  title: string;
  message: string;
  data: Record<string, unknown>;
  timestamp: string;
}

type Listener = (notification: LiveNotification) => void;

const k_ping_ms = 20_000;
const k_first_pause_ms = 1000;
const k_longest_pause_ms = 30_000;
const k_token_ended = 4401;

class Live {
  connected = $state(false);
  #socket: WebSocket | null = null;
  #wanted = false;
  #listeners = new Set<Listener>();
  #timer: ReturnType<typeof setTimeout> | undefined;
  #ping: ReturnType<typeof setInterval> | undefined;
  #pause = k_first_pause_ms;
  #lastId = 0;
  #wasConnected = false;
  #token: string | null = null;
  #greeted = false;
  onEnded: () => void = () => undefined;
  /** Checks whether the session is still valid: to a page, a refused handshake looks like a lost network. */
  onRefused: () => Promise<void> = () => Promise.resolve();

  constructor() {
    connection.onBack(() => this.#hurry());
  }

  listen(act: Listener): () => void {
    this.#listeners.add(act);
    return () => this.#listeners.delete(act);
  }

  start(lastId: number): void {
    this.#lastId = lastId;
    this.#wanted = true;
    this.#wasConnected = false;
    this.#open();
  }

  stop(): void {
    this.#wanted = false;
    clearTimeout(this.#timer);
    clearInterval(this.#ping);
    this.#socket?.close();
    this.#socket = null;
    this.connected = false;
  }

  #open(): void {
    clearTimeout(this.#timer);
    this.#token = accessToken();
    if (!this.#wanted || !this.#token) return;
    const after = this.#lastId > 0 ? `?after_id=${this.#lastId}` : '';
    const url = `${location.origin.replace(/^http/, 'ws')}/api/ws/notifications${after}`;
    this.#greeted = false;
    const socket = new WebSocket(url, ['focus.v1', `bearer.${this.#token}`]);
    this.#socket = socket;
    socket.onmessage = (event: MessageEvent<string>) => this.#take(event.data);
    socket.onclose = (event) => {
      if (this.#socket === socket) void this.#closed(event.code);
    };
  }

  #take(text: string): void {
    const message = JSON.parse(text) as { type: string };
    if (message.type === 'connection') {
      this.connected = true;
      this.#greeted = true;
      this.#pause = k_first_pause_ms;
      clearInterval(this.#ping);
      this.#ping = setInterval(() => this.#keepAlive(), k_ping_ms);
      connection.reached();
      // Changes while there was no socket have not reached this page.
      if (this.#wasConnected) connection.tellBack();
      this.#wasConnected = true;
    } else if (message.type === 'notification') {
      const notification = message as LiveNotification;
      if (notification.id !== null) {
        if (notification.id <= this.#lastId) return;
        this.#lastId = notification.id;
      }
      for (const act of [...this.#listeners]) act(notification);
    }
  }

  /** Sends a heartbeat, or the new token if there is one: the server closes the socket when the last one expires. */
  #keepAlive(): void {
    const token = accessToken();
    if (token && token !== this.#token) {
      this.#token = token;
      this.#socket?.send(JSON.stringify({ action: 'auth', token }));
    } else {
      this.#socket?.send(JSON.stringify({ action: 'ping' }));
    }
  }

  async #closed(code: number): Promise<void> {
    this.#socket = null;
    clearInterval(this.#ping);
    this.connected = false;
    if (!this.#wanted) return;
    if (code === k_token_ended) {
      const outcome = await refresh();
      if (outcome === 'ended') return this.onEnded();
      if (outcome === 'refreshed') return this.#open();
    }
    this.#timer = setTimeout(() => void this.#again(), this.#pause * (0.75 + Math.random() / 2));
    this.#pause = Math.min(this.#pause * 2, k_longest_pause_ms);
  }

  /** Called when the server is back: reconnects without waiting for the rest of the back-off. */
  #hurry(): void {
    if (!this.#wanted || this.#socket) return;
    this.#pause = k_first_pause_ms;
    clearTimeout(this.#timer);
    void this.#again();
  }

  async #again(): Promise<void> {
    if (!this.#greeted) await this.onRefused();
    if (!this.#socket) this.#open();
  }
}

export const live = new Live();
