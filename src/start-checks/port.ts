import { createServer } from 'node:http';
import type { Config } from '../config/config.ts';
import { explainListenError } from '../http/listen-error.ts';
import { type Finding, findingOf } from './finding.ts';

/** Whether HOST and PORT can be listened on. */
export function checkPort({ HOST: host, PORT: port }: Config): Promise<Finding> {
  const what = 'PORT';
  return findingOf(what, async () => {
    const server = createServer();
    await new Promise<void>((resolve, reject) => {
      server.once('error', (error: NodeJS.ErrnoException) =>
        reject(explainListenError(error, { host, port })),
      );
      server.listen(port, host, resolve);
    });
    await new Promise((resolve) => server.close(resolve));
    return { state: 'ok', what, text: port === 0 ? 'any port that is free.' : `${port} on ${host} is free.` };
  });
}
