// Acts that a stolen access token must not be enough for: when the server wants a proof, the page asks for it and does the
// act again.
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

  /** Runs `act`; once more after the person has proved who they are, if the server asks for that. */
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
