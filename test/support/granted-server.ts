import { fork } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { type AddressInfo, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { prepareFolder } from '../../src/clickhouse/own-server/folder.ts';
import { findLibrary, packageForPlatform, runsOnMusl } from '../../src/clickhouse/own-server/library.ts';

const root = new URL('../../', import.meta.url);
const read = (path: string): Promise<string> => readFile(new URL(path, root), 'utf8');
const within = (text: string, tag: string): string =>
  new RegExp(`<${tag}>([\\s\\S]*)</${tag}>`).exec(text)?.[1] ?? '';

// As in the configuration that ClickHouse's packages and images come with.
const strict = `<access_control_improvements>
  <on_cluster_queries_require_cluster_grant>true</on_cluster_queries_require_cluster_grant>
  <select_from_system_db_requires_grant>true</select_from_system_db_requires_grant>
  <select_from_information_schema_requires_grant>true</select_from_information_schema_requires_grant>
</access_control_improvements>`;

/**
 * A ClickHouse server of its own whose users `utmql` and `operator` are those of `clickhouse/users.d`, and `engine` may do anything.
 *
 * @param more lines that are added to the grants of `utmql`
 */
export async function startGrantedServer(more: readonly string[] = []) {
  const dataDir = await mkdtemp(join(tmpdir(), 'utmql-grants-'));
  const configDir = join(dataDir, 'config');
  await mkdir(configDir);
  const own = await read('clickhouse/own-server/users.xml');
  const file = await read('clickhouse/users.d/utmql.xml');
  const granted = file.replace('</grants>', () => `${more.join('')}</grants>`);
  const users = own
    .replace('<utmql>', '<engine>')
    .replace('</utmql>', '</engine>')
    .replace('</profiles>', () => `${within(granted, 'profiles')}</profiles>`)
    // The server that runs in a library needs `default` for its inner session.
    .replace(
      '</users>',
      () => `${within(granted, 'users').replace('<default remove="remove"/>', '')}</users>`,
    );
  await writeFile(join(configDir, 'users.xml'), users);
  const config = await read('clickhouse/own-server/config.xml');
  await writeFile(join(configDir, 'config.xml'), config.replace('</clickhouse>', `${strict}</clickhouse>`));

  const folder = await prepareFolder(join(dataDir, 'data'));
  const engine = { username: 'engine', password: randomBytes(18).toString('base64url') };
  const utmql = { username: 'utmql', password: randomBytes(18).toString('base64url') };
  const operator = { username: 'operator', password: randomBytes(18).toString('base64url') };
  const port = await freePort();
  const child = fork(fileURLToPath(new URL('src/clickhouse/own-server/server-child.ts', root)), [], {
    execArgv: ['--import', 'tsx'],
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
    env: {
      TZ: 'UTC',
      UTMQL_LOG_FILE: folder.logFile,
      UTMQL_MEMORY_LIMIT: String(2 * 1_024 ** 3),
      UTMQL_BACKUP_DIR: folder.backupDir,
      UTMQL_PASSWORD_SHA256: createHash('sha256').update(engine.password).digest('hex'),
      UTMQL_CLICKHOUSE_PASSWORD: utmql.password,
      UTMQL_OPERATOR_PASSWORD: operator.password,
    },
  });
  child.send({
    library: findLibrary(packageForPlatform(process.platform, process.arch, runsOnMusl())),
    configFile: join(configDir, 'config.xml'),
    storeDir: folder.storeDir,
    port,
    ...engine,
  });
  const url = `http://127.0.0.1:${port}`;
  while (
    !(await fetch(`${url}/ping`).then(
      ({ ok }) => ok,
      () => false,
    ))
  ) {
    if (child.exitCode !== null) throw new Error('the server ended');
    await delay(50);
  }
  return {
    url,
    utmql,
    operator,
    engine,
    async stop() {
      const gone = once(child, 'exit');
      child.send('end calmly');
      child.disconnect();
      await gone;
      await rm(dataDir, { recursive: true, force: true });
    },
  };
}

async function freePort(): Promise<number> {
  const probe = createServer();
  await new Promise<void>((resolve) => probe.listen(0, '127.0.0.1', resolve));
  const { port } = probe.address() as AddressInfo;
  await new Promise((resolve) => probe.close(resolve));
  return port;
}
