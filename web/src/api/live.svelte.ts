// The WebSocket of notifications: what happens on the server moves the page. One socket per tab while somebody is
// signed in; it comes back by itself (with a growing pause), replays what was missed, and keeps its token fresh.
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
  /** Finds out whether the session still holds: a refused handshake looks like a lost network to a page. */
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
      // What changed while there was no socket was told to nobody here.
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

  /** A sign of life, and the new token when there is one: the server closes when the one it knows expires. */
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

  /** The server is back: the pause, which has grown while it was gone, is not waited for. */
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
