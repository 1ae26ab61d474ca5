import type { ServerResponse } from 'node:http';

/** Ends connections with the answers that go over them. */
export interface Drain {
  track(response: ServerResponse): void;
  start(): void;
}

export function createDrain(): Drain {
  const atWork = new Set<ServerResponse>();
  let started = false;
  const endWith = (response: ServerResponse): void => {
    if (!response.headersSent) response.setHeader('connection', 'close');
  };
  return {
    track(response) {
      if (started) endWith(response);
      atWork.add(response);
      response.once('close', () => atWork.delete(response));
    },
    start() {
      started = true;
      for (const response of atWork) endWith(response);
    },
  };
}
