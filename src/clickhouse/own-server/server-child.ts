/**
 * The child process that is the own ClickHouse server: it loads libchdb.so and runs `clickhouse local`, whose query opens the
 * HTTP port and then sleeps. Started by process.ts, which sends one `Start` message over IPC; when that
 * channel closes, for whatever reason, the server closes its data and the process ends.
 */
import { readdirSync } from 'node:fs';
import { setPriority } from 'node:os';
import { setTimeout as delay } from 'node:timers/promises';
import { DataType, load, open } from 'ffi-rs';
import { z } from 'zod';

const start = z.object({
  library: z.string(),
  configFile: z.string(),
  storeDir: z.string(),
  port: z.number(),
  /** Only of a shard: other servers reach it here. */
  tcpPort: z.number().optional(),
  username: z.string(),
  password: z.string(),
});

/** What the parent tells the child. Sent over IPC, since arguments and environment can be read by others. */
export type Start = z.infer<typeof start>;

/** What the parent says before it closes the channel on purpose. */
export type EndCalmly = 'end calmly';

const sleepSeconds = 0.2;
const sleepingQuery = `SELECT sleepEachRow(${sleepSeconds})`;
const keepListening =
  `${sleepingQuery} FROM numbers(1000000000000)` +
  ' SETTINGS function_sleep_max_microseconds_per_block = 0, max_block_size = 1 FORMAT Null';
// ClickHouse waits 5 s for open connections before it closes its data (26.7; `shutdown_wait_unfinished` changes nothing here).
const endWithinMs = 7_000;
/** Of merges and whatever else has no priority of its own: queries have one in users.xml, which needs CAP_SYS_NICE. */
const niceness = 10;
// The parent was killed, and the next one waits for the folder: SIGKILL loses nothing that was acknowledged.
const endOrphanWithinMs = 1_000;

/**
 * The program shares the cores with its server: without this, one request that needs a millisecond of it waits for dozens of
 * ClickHouse's threads. On Linux a priority is a thread's own, and threads that are started later inherit it.
 */
function stepBack(): void {
  const threads = process.platform === 'linux' ? readdirSync('/proc/self/task').map(Number) : [0];
  for (const thread of threads) {
    try {
      setPriority(thread, niceness);
    } catch {
      // It has ended.
    }
  }
}

/** Runs ClickHouse on a thread of its own until its query ends. The return value is not an exit code: 26.7 leaves it unset. */
async function runClickHouse(options: Start): Promise<void> {
  const argv = [
    'clickhouse',
    `--path=${options.storeDir}`,
    `--http_port=${options.port}`,
    '--listen_host=127.0.0.1',
    `--config-file=${options.configFile}`,
    // In `local`, the level in the configuration file is overruled by this option's default, `trace`.
    '--log-level=information',
    ...(options.tcpPort === undefined ? [] : [`--tcp_port=${options.tcpPort}`]),
    `--query=${options.tcpPort === undefined ? '' : 'SYSTEM START LISTEN TCP; '}SYSTEM START LISTEN HTTP; ${keepListening}`,
  ];
  stepBack();
  open({ library: 'chdb', path: options.library });
  await load({
    library: 'chdb',
    funcName: 'chdb_query_cmdline',
    retType: DataType.I32,
    paramsType: [DataType.I32, DataType.StringArray],
    paramsValue: [argv.length, argv],
    runInNewThread: true,
  });
}

/** Asks ClickHouse to end the sleeping query, again and again, since it may not listen yet. */
async function killSleepingQuery(options: Start): Promise<never> {
  const authorization = `Basic ${Buffer.from(`${options.username}:${options.password}`).toString('base64')}`;
  for (;;) {
    await fetch(`http://127.0.0.1:${options.port}/`, {
      method: 'POST',
      // A connection left open would hold the server's end up.
      headers: { authorization, connection: 'close' },
      body: `KILL QUERY WHERE startsWith(query, '${sleepingQuery}')`,
      signal: AbortSignal.timeout(1_000),
    }).catch(() => undefined);
    await delay(100);
  }
}

// `process.exit` would wait for ClickHouse's threads, which may never end.
const vanish = (): void => {
  process.kill(process.pid, 'SIGKILL');
};

// Ctrl-C, a closed terminal and `systemctl stop` signal every process; only the parent decides when the server ends.
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGQUIT'] as const) process.on(signal, () => undefined);
process.umask(0o077);

let started: Start | undefined;
let mayEndCalmly = false;
const onParentGone = (): void => {
  if (started === undefined) {
    vanish();
    return;
  }
  setTimeout(vanish, mayEndCalmly ? endWithinMs : endOrphanWithinMs);
  void killSleepingQuery(started);
};
process.once('disconnect', onParentGone);
process.on('message', (message) => {
  if (message === ('end calmly' satisfies EndCalmly)) {
    mayEndCalmly = true;
    return;
  }
  started = start.parse(message);
  void runClickHouse(started).then(vanish);
});
if (!process.connected) onParentGone();
