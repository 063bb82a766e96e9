// Uploads a file with progress, which fetch does not report for an upload.
import { Failure, failureOf } from './client';
import { accessToken, refresh } from './tokens';

interface Outcome {
  status: number;
  text: string;
}

function send(path: string, file: File, onprogress: (part: number) => void): Promise<Outcome> {
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    request.open('POST', path);
    request.setRequestHeader('Authorization', `Bearer ${accessToken()}`);
    request.setRequestHeader('Accept-Language', document.documentElement.lang);
    request.setRequestHeader('Content-Type', file.name.endsWith('.csv') ? 'text/csv' : 'application/json');
    request.upload.onprogress = (event) => onprogress(event.total > 0 ? event.loaded / event.total : 0);
    request.onload = () => resolve({ status: request.status, text: request.responseText });
    request.onerror = () => reject(new Failure('offline', ''));
    request.send(file);
  });
}

export async function upload<T>(path: string, file: File, onprogress: (part: number) => void): Promise<T> {
  let outcome = await send(path, file, onprogress);
  if (outcome.status === 401 && (await refresh()) === 'refreshed') outcome = await send(path, file, onprogress);
  const answer: unknown = JSON.parse(outcome.text);
  if (outcome.status >= 400) throw failureOf(answer as object, outcome.status);
  return answer as T;
}
