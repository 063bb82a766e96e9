// Requests for which a stolen access token must not suffice: when the server requires a proof, the page asks for it and
// repeats the request.
import { Failure } from '../api/client';

class Proof {
  /** The dialog is open while this is set; `answer` closes it. */
  asking = $state.raw<{ answer: (given: boolean) => void } | null>(null);

  async #ask(): Promise<boolean> {
    this.asking?.answer(false);
    const given = await new Promise<boolean>((answer) => (this.asking = { answer }));
    this.asking = null;
    return given;
  }

  /** Runs `act`; runs it again after the user has given a proof, if the server requires one. */
  async with<T>(act: () => Promise<T>): Promise<T> {
    try {
      return await act();
    } catch (failure) {
      if (!(failure instanceof Failure) || failure.code !== 'reauthentication_required') throw failure;
      if (!(await this.#ask())) throw failure;
    }
    return act();
  }
}

export const proof = new Proof();
