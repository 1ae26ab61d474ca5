import { Sql } from './sql.ts';
import type { Store } from './store.ts';

/**
 * Executes a statement that makes or changes a table, as the store's layout needs it: on every server of a cluster.
 *
 * @param statement this program's own text, never input: it becomes SQL as it stands
 */
export async function define(store: Store, statement: string): Promise<void> {
  for (const text of store.layout.translate(statement)) {
    await store.command(new Sql([text], []), { everywhere: true, changesAnswersOf: [] });
  }
}
