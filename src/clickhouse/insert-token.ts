import { createHash, randomUUID } from 'node:crypto';
import type { Parameter } from './sql.ts';
import type { Columns } from './store.ts';

/** What an insert is beside its body. */
export interface InsertHead {
  readonly table: string;
  readonly columns: Columns;
  readonly constants: Readonly<Record<string, Parameter>>;
  readonly salt: string;
}

/**
 * Names an insert by its content (`insert_deduplication_token`), so that a repeat of it stores nothing. ClickHouse keeps
 * the name for each partition that the insert touches.
 */
export function insertToken(life: string, head: InsertHead, body: readonly Buffer[]): string {
  const hash = createHash('sha256').update(JSON.stringify([life, head]));
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
  /** Another name after each restart. Asks the server at first, and later only when there is doubt. */
  name(): Promise<string>;
  /** Call it when a request has failed: the server may have been restarted. */
  doubt(): void;
}

/**
 * @param uptimeSeconds asks the server how long it has been up, in whole seconds
 * @param now milliseconds, by a clock that is never set
 */
export function createServerLife(
  uptimeSeconds: () => Promise<number>,
  now = (): number => performance.now(),
): ServerLife {
  const process = randomUUID();
  let count = 0;
  let known: Look | undefined;
  let isDoubtful = true;
  let checking: Promise<void> | undefined;

  const check = async (): Promise<void> => {
    const askedAt = now();
    // What fails from now on is a new reason for doubt.
    isDoubtful = false;
    try {
      const uptimeMs = (await uptimeSeconds()) * 1_000;
      const look = { askedAt, uptimeMs, tookMs: now() - askedAt };
      if (known !== undefined && mayBeAnother(known, look)) count += 1;
      known = look;
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

/** An answer to how long the server has been up. All in milliseconds. */
interface Look {
  readonly askedAt: number;
  readonly uptimeMs: number;
  /** It was up for so long at some moment of this time. */
  readonly tookMs: number;
}

/** Whether the server can have been restarted between two looks. */
function mayBeAnother(before: Look, after: Look): boolean {
  const later = after.askedAt - after.uptimeMs - (before.askedAt - before.uptimeMs);
  // Seconds are whole, and two machines' clocks drift apart, if by less than a thousandth.
  const inexact = 1_000 + (after.askedAt - before.askedAt) / 1_000;
  if (later <= inexact) return false;
  // The first answer may have been slow instead. A server that had been up for longer than that cannot have begun again
  // so soon after it had begun; of a younger one there is no telling.
  const slow = inexact + before.tookMs;
  return later > slow || before.uptimeMs <= slow;
}
