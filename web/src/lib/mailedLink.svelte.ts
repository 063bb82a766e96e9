// The effect of a mailed link, read before anything is done: programs that scan mails open links, too.
import { api, body, Failure } from '../api/client';
import type { MailedLink } from '../api/types';
import { sentence } from './form.svelte';

export class LinkQuestion {
  state = $state<'busy' | 'asking' | 'done' | 'failed'>('busy');
  link = $state.raw<MailedLink | undefined>(undefined);
  text = $state('');

  constructor(
    readonly token: string,
    readonly purpose: MailedLink['purpose'],
  ) {}

  /** Reads the purpose of the link. */
  async ask(): Promise<void> {
    await this.#attempt(async () => {
      const link = await body(api.POST('/api/auth/mailed-link', { body: { token: this.token } }));
      if (link.purpose !== this.purpose) throw new Failure('problem', '', 400, 'invalid_token');
      this.link = link;
      this.state = 'asking';
    });
  }

  /** Runs the action of the button and shows its message. */
  async act(run: () => Promise<string>): Promise<void> {
    this.state = 'busy';
    await this.#attempt(async () => {
      this.text = await run();
      this.state = 'done';
    });
  }

  async #attempt(run: () => Promise<void>): Promise<void> {
    try {
      await run();
    } catch (failure) {
      if (!(failure instanceof Failure)) throw failure;
      this.text = sentence(failure);
      this.state = failure.code === 'already_verified' ? 'done' : 'failed';
    }
  }
}
