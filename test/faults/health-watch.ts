import { Worker } from 'node:worker_threads';

/** Asks from a thread of its own, so that what this one does counts for nothing; gives how long each answer took. */
export function watchHealth(url: string): { stop(): Promise<readonly number[]> } {
  const probe = new Worker(new URL('./health-probe.js', import.meta.url), { workerData: { url } });
  const ended = new Promise<readonly number[]>((resolve, reject) => {
    probe.once('message', resolve);
    probe.once('error', reject);
  });
  // Thrown by `stop`.
  ended.catch(() => undefined);
  return {
    stop() {
      probe.postMessage('stop');
      return ended;
    },
  };
}
