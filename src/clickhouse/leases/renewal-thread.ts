import { parentPort, workerData } from 'node:worker_threads';
import { createStore } from '../create-store.ts';
import { singleServer } from '../layout.ts';
import { createLeaseTable } from './lease-table.ts';
import { createRenewal } from './renewal.ts';
import { createTerm } from './term.ts';
import type { ThreadMessage, ThreadStart } from './threaded-renewal.ts';

/** What the look at some claims may take of the server. */
const limits = { timeoutMs: 5_000, maxMemoryBytes: 256 * 1_048_576, maxRowsToRead: 100_000_000 };

const { login, settings, seconds, owner, presence } = workerData as ThreadStart;
const isThere = createTerm({ buffer: presence });
const renewal = createRenewal({
  // Reads and writes name tables as on one server, whatever the layout: only the settings differ.
  table: createLeaseTable(
    createStore({ ...login, maxConcurrency: 1, limits, layout: { ...singleServer, settings } }),
    seconds,
  ),
  owner,
  isOwed: () => !isThere.isOver(),
  onFailed: (error) => parentPort?.postMessage(error instanceof Error ? error.message : String(error)),
});
parentPort?.on('message', (message: ThreadMessage) => {
  if ('remove' in message) renewal.remove(message.remove);
  else renewal.add({ ...message.add, term: createTerm({ buffer: message.add.term }) });
});
