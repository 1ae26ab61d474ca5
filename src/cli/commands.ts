import { type Command, defineCommand } from './command.ts';
import { mcpCommand } from './mcp-command.ts';
import { triggerCommand } from './trigger-command.ts';

const environment = 'It reads the same environment variables as `utmql start`.';

/** The commands of the program, by name. Each loads its code when it is run. */
export const commands: Readonly<Record<string, Command>> = {
  demo: defineCommand({
    summary: 'Starts utmql with sample data, prints figures, and serves the dashboard.',
    usage: ['demo'],
    more: 'PORT, DATA_DIR, CLICKHOUSE_URL, API_KEYS_FILE and the other variables of `utmql start` hold, but for those of sources.',
    options: {},
    run: async () => (await import('../demo/run-demo.ts')).runDemo(),
  }),
  start: defineCommand({
    summary: 'Starts utmql.',
    usage: ['start', 'start --check', 'start --try-source NAME [--workspace NAME] [--day YYYY-MM-DD]'],
    options: {
      check: { type: 'boolean', description: 'Only report what a start would find, as `utmql check` does.' },
      'try-source': {
        type: 'string',
        value: 'NAME',
        description: 'Only read one day of this source and show what would be stored.',
      },
      workspace: {
        type: 'string',
        value: 'NAME',
        description: 'Workspace that the tried source must belong to.',
      },
      day: { type: 'string', value: 'YYYY-MM-DD', description: 'Day to read. Default: the last full day.' },
    },
    async run({ values: { check, ...trial } }) {
      if (check === true) return runCheck();
      const { readTrial, runTrial } = await import('../try-source/command.ts');
      const wanted = readTrial(trial);
      return wanted === undefined ? (await import('../start.ts')).start() : runTrial(wanted);
    },
  }),
  check: defineCommand({
    summary: 'Reports what a start would find wrong, and starts nothing.',
    usage: ['check'],
    more: `${environment} It exits with 1 if utmql could not start.`,
    options: {},
    run: () => runCheck(),
  }),
  keys: defineCommand({
    summary: 'Creates, lists and revokes the API keys of API_KEYS_FILE.',
    usage: [
      'keys create --name NAME --role ROLE (--workspace NAME … | --all-workspaces) [--channel NAME …] [--expires DAY]',
      'keys list',
      'keys revoke ID',
    ],
    more: 'Roles: viewer, ingestor, admin. docs/access.md says what each may do.',
    mostArguments: 2,
    options: {
      name: { type: 'string', value: 'NAME', description: 'Who will use the key.' },
      role: { type: 'string', value: 'ROLE', description: 'viewer, ingestor or admin.' },
      workspace: {
        type: 'string',
        value: 'NAME',
        multiple: true,
        description: 'A workspace that it may use.',
      },
      'all-workspaces': { type: 'boolean', description: 'It may use all workspaces.' },
      channel: {
        type: 'string',
        value: 'NAME',
        multiple: true,
        description: 'A channel that a viewer is limited to.',
      },
      expires: {
        type: 'string',
        value: 'DAY',
        description: 'When it expires: a day (its start in UTC) or an instant.',
      },
    },
    run: async ({ values, positionals }) =>
      (await import('../access/keys-command.ts')).runKeys(positionals, values),
  }),
  trigger: triggerCommand,
  mcp: mcpCommand,
  'sql-user': defineCommand({
    summary: 'Makes users of ClickHouse for BI tools, who read the views of one workspace and nothing else.',
    usage: [
      'sql-user create --name NAME --workspace NAME [--password-file FILE] [--print | --trusted]',
      'sql-user list',
      'sql-user remove --name NAME [--print]',
    ],
    more: `${environment} docs/sql.md says what ClickHouse needs for it.`,
    mostArguments: 1,
    options: {
      name: { type: 'string', value: 'NAME', description: 'Name of the user: a–z, 0–9 and _.' },
      workspace: { type: 'string', value: 'NAME', description: 'The workspace that the user sees.' },
      'password-file': {
        type: 'string',
        value: 'FILE',
        description: 'File with the password. Without it, a password is made and shown once.',
      },
      print: { type: 'boolean', description: 'Print the statements, and execute none.' },
      trusted: {
        type: 'boolean',
        description: 'On utmql’s own server: the user may know all that utmql knows (docs/sql.md).',
      },
    },
    run: async ({ values, positionals }) =>
      (await import('../sql-users/command.ts')).runSqlUser(positionals, values),
  }),
  backup: defineCommand({
    summary: 'Makes a backup of the database.',
    usage: ['backup --to NAME'],
    more: `${environment} docs/backup.md says where backups are.`,
    options: {
      to: { type: 'string', value: 'NAME', isRequired: true, description: 'Name of the new backup.' },
    },
    run: async ({ values: { to: name = '' } }) => (await import('../backup/command.ts')).runBackup(name),
  }),
  restore: defineCommand({
    summary: 'Restores a backup of the database.',
    usage: ['restore --from NAME [--replace]'],
    more: `${environment} docs/backup.md says what to stop before.`,
    options: {
      from: { type: 'string', value: 'NAME', isRequired: true, description: 'Name of the backup.' },
      replace: { type: 'boolean', description: 'Delete the current contents of the database.' },
    },
    run: async ({ values: { from: name = '', replace = false } }) =>
      (await import('../backup/command.ts')).runRestore(name, { replace }),
  }),
  'rollups:advise': defineCommand({
    summary: 'Says which further sets of rollups would save how much and cost how much.',
    usage: ['rollups:advise [--days N] [--json]'],
    more: `${environment} docs/rollups.md explains the report.`,
    options: {
      days: {
        type: 'string',
        value: 'N',
        description: 'How many days to look back, 1 to 3650. Default: 14.',
      },
      json: { type: 'boolean', description: 'Write JSON.' },
    },
    run: async ({ values }) => (await import('../rollups/advisor/command.ts')).runAdvisor(values),
  }),
};

async function runCheck(): Promise<number> {
  const { readEnvironment } = await import('../config/config.ts');
  const { runCheck: check } = await import('../start-checks/run-check.ts');
  return check(await readEnvironment(process.env));
}
