// The state of a form: busy while it is sent, then done or with an error per field.
import { Failure } from '../api/client';
import { t } from './i18n.svelte';

export function sentence(failure: Failure): string {
  return failure.kind === 'offline' ? t().states.offlineText : failure.message;
}

export class Form {
  busy = $state(false);
  failure = $state.raw<Failure | undefined>(undefined);
  /** Fields whose error is shown beside them. */
  #fields: string[];

  constructor(...fields: string[]) {
    this.#fields = fields;
  }

  fault(field: string): string | undefined {
    return this.failure?.fault(field);
  }

  /** The message above the form: every error that no field shows. */
  get message(): string | undefined {
    if (!this.failure) return undefined;
    const rest = this.failure.faults.filter((fault) => !this.#fields.includes(String(fault.loc[1])));
    if (this.failure.faults.length > 0) return rest.length > 0 ? rest.map((fault) => fault.msg).join(' ') : undefined;
    return sentence(this.failure);
  }

  /** Runs `act`; a second call while it runs is ignored. Returns whether it succeeded. */
  async send(act: () => Promise<void>): Promise<boolean> {
    if (this.busy) return false;
    this.busy = true;
    this.failure = undefined;
    try {
      await act();
      return true;
    } catch (error) {
      if (!(error instanceof Failure)) throw error;
      this.failure = error;
      return false;
    } finally {
      this.busy = false;
    }
  }
}
