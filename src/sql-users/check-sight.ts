import { UtmqlError } from '../errors.ts';
import { viewNames } from '../sql-views/view-names.ts';
import { type SqlUser, type SqlUserPlace, viewCondition } from './sql-user.ts';

const answerTimeoutMs = 30_000;
const lookBackDays = 90;

/**
 * Looks as the user does, with no setting but the user's own, whether there are views and whether they show one workspace.
 *
 * @throws UtmqlError CONFIGURATION that says what is wrong
 */
export async function checkSight(
  url: string,
  user: SqlUser,
  password: string,
  { database }: SqlUserPlace,
): Promise<void> {
  for (const view of viewNames) {
    const response = await fetch(url, {
      method: 'POST',
      headers: { 'x-clickhouse-user': user.name, 'x-clickhouse-key': password },
      body: `SELECT countIf(NOT (${viewCondition(user)})) FROM ${database}.${view} WHERE date >= today() - ${lookBackDays}`,
      signal: AbortSignal.timeout(answerTimeoutMs),
    });
    const answer = (await response.text()).trim();
    if (response.ok && answer === '0') continue;
    const reason = response.ok
      ? `would see other workspaces in ${database}.${view}: the server does not apply its row policies.`
      : `could not read ${database}.${view}. Start utmql once with SQL_VIEWS=on, which makes the views, and see its log. ClickHouse says: ${answer.slice(0, 300)}`;
    throw new UtmqlError('CONFIGURATION', `The user ${user.name} is not made, since it ${reason}`);
  }
}
