// The API client. It adds the access token and the language, exchanges tokens when they have expired and retries once,
// and knows whether the server can be reached. Every error it throws is a Failure with a text for the user.
import createClient from 'openapi-fetch';
import { connection } from './connection.svelte';
import type { paths } from './schema';
import { accessToken, refresh } from './tokens';
import type { Fault, Problem } from './types';

export type FailureKind = 'offline' | 'problem';

export class Failure extends Error {
  constructor(
    readonly kind: FailureKind,
    message: string,
    readonly status = 0,
    readonly code = '',
    readonly faults: Fault[] = [],
    readonly requestId = '',
  ) {
    super(message);
  }

  /** The error in one field of the body that was sent. */
  fault(field: string): string | undefined {
    const found = this.faults.filter((fault) => fault.loc[1] === field);
    return found.length > 0 ? found.map((fault) => fault.msg).join(' ') : undefined;
  }
}

let onEnded: () => void = () => undefined;
/** `act` is called when the session has ended and its tokens are no longer valid. */
export function whenSessionEnds(act: () => void): void {
  onEnded = act;
}

/** fetch that throws a Failure when the server cannot be reached, and notes that. */
async function reach(request: Request): Promise<Response> {
  try {
    const response = await fetch(request);
    connection.reached();
    return response;
  } catch (error) {
    if (error instanceof DOMException && error.name === 'AbortError') throw error;
    connection.lost();
    throw new Failure('offline', '');
  }
}

export async function authorizedFetch(request: Request): Promise<Response> {
  request.headers.set('Accept-Language', document.documentElement.lang);
  const token = accessToken();
  const again = request.clone();
  if (token) request.headers.set('Authorization', `Bearer ${token}`);
  const response = await reach(request);
  if (response.status !== 401 || !token) return response;
  const outcome = token === accessToken() ? await refresh() : 'refreshed';
  if (outcome === 'unreachable') {
    connection.lost();
    throw new Failure('offline', '');
  }
  if (outcome === 'ended') {
    onEnded();
    return response;
  }
  again.headers.set('Accept-Language', document.documentElement.lang);
  again.headers.set('Authorization', `Bearer ${accessToken()}`);
  return reach(again);
}

export const api = createClient<paths>({ baseUrl: location.origin, fetch: authorizedFetch });

export function failureOf(problem: Partial<Problem> | undefined, status: number): Failure {
  return new Failure('problem', problem?.detail ?? `HTTP ${status}`, status, problem?.code ?? '', problem?.errors ?? [], problem?.request_id ?? '');
}

interface Answer<Data> {
  data?: Data;
  error?: unknown;
  response: Response;
}

/** The body of a successful answer; throws a Failure for any other. */
export async function body<Data>(answer: Promise<Answer<Data>>): Promise<Data> {
  const { data, error, response } = await answer;
  if (!response.ok) throw failureOf(error as Partial<Problem> | undefined, response.status);
  return data as Data;
}

export interface Page<Item> {
  items: Item[];
  total: number;
}

/** The body of a list with the number of all entries. */
export async function page<Item>(answer: Promise<Answer<Item[]>>): Promise<Page<Item>> {
  const { data, error, response } = await answer;
  if (!response.ok) throw failureOf(error as Partial<Problem> | undefined, response.status);
  const items = data ?? [];
  return { items, total: Number(response.headers.get('X-Total-Count') ?? items.length) };
}
