import { createHash, randomUUID } from 'node:crypto';

/**
 * Names an insert by its content (`insert_deduplication_token`), so that a repeat of it stores nothing. ClickHouse keeps
 * the name for each partition that the insert touches.
 */
export function insertToken(life: string, table: string, salt: string, body: readonly Buffer[]): string {
  const hash = createHash('sha256').update(JSON.stringify([life, table, salt]));
  for (const chunk of body) hash.update(chunk);
  return hash.digest('base64url');
}

/**
 * The time from one start of the server to the next, within one life of this process. A token holds for no longer:
 * ClickHouse notes it just before it commits the rows, so that after a crash between the two the token is there and the
 * rows are not. A repeat with another token is harmless, by the rows' keys and versions; one that is wrongly taken for
 * stored would lose them.
 */
export interface ServerLife {
  /** Another name after each restart. Asks the server only when there is doubt. */
  name(): Promise<string>;
  /** Call it when a request has failed: the server may have been restarted. */
  doubt(): void;
}

/** How much the clocks of this machine and the server's may drift apart. */
const clockSkewMs = 1_000;

/** @param uptimeSeconds asks the server how long it has been up */
export function createServerLife(uptimeSeconds: () => Promise<number>): ServerLife {
  const process = randomUUID();
  let count = 0;
  let since = performance.now();
  let isDoubtful = false;
  let checking: Promise<void> | undefined;

  const check = async (): Promise<void> => {
    const askedAt = performance.now();
    // What fails from now on is a new reason for doubt.
    isDoubtful = false;
    try {
      const upMs = (await uptimeSeconds()) * 1_000;
      if (upMs > askedAt - since + clockSkewMs) return;
      count += 1;
      since = askedAt;
    } catch (error) {
      isDoubtful = true;
      throw error;
    }
  };

  return {
    async name() {
      if (isDoubtful)
        checking ??= check().finally(() => {
          checking = undefined;
        });
      await checking;
      return `${process}.${count}`;
    },
    doubt() {
      isDoubtful = true;
    },
  };
}
