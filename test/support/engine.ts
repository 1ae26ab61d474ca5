import { randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestProject } from 'vitest/node';
import { startOwnServer } from '../../src/clickhouse/own-server/server.ts';
import { createLogger } from '../../src/logger.ts';
import { buildProgram } from './built-program.ts';
import { writeEngineConfig } from './engine-config.ts';
import { createTemplate } from './template.ts';

export interface EngineLogin {
  readonly url: string;
  readonly username: string;
  readonly password: string;
}

declare module 'vitest' {
  interface ProvidedContext {
    clickhouse: EngineLogin;
  }
}

/** One real ClickHouse for the whole test run; each test file has a database of its own on it. */
export default async function startEngine(project: TestProject): Promise<() => Promise<void>> {
  await buildProgram();
  const dataDir = await mkdtemp(join(tmpdir(), 'utmql-test-'));
  const server = await startOwnServer({
    dataDir: join(dataDir, 'data'),
    shard: {
      configFile: await writeEngineConfig(dataDir),
      tcpPort: 0,
      password: randomBytes(24).toString('base64url'),
    },
    memoryLimitBytes: 4 * 1_024 ** 3,
    logger: createLogger({ level: 'silent' }),
    onLost: (error) => {
      throw error;
    },
  });
  await createTemplate(server);
  project.provide('clickhouse', { url: server.url, username: server.username, password: server.password });
  return async () => {
    await server.stop();
    await rm(dataDir, { recursive: true, force: true });
  };
}
