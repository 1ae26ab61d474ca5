import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { UtmqlError } from '../../errors.ts';

const packages: Readonly<Record<string, string>> = {
  'linux-x64': '@chdb/lib-linux-x64-gnu',
  'linux-arm64': '@chdb/lib-linux-arm64-gnu',
  'darwin-x64': '@chdb/lib-darwin-x64',
  'darwin-arm64': '@chdb/lib-darwin-arm64',
};

/** The optional package with ClickHouse for this machine. Throws `CONFIGURATION` where there is none. */
export function packageForPlatform(platform: string, arch: string, isMusl: boolean): string {
  const name = packages[`${platform}-${arch}`];
  if (name !== undefined && !isMusl) return name;
  const machine = `${platform}-${arch}${isMusl ? ' with musl' : ''}`;
  throw new UtmqlError(
    'CONFIGURATION',
    `utmql's own ClickHouse server does not exist for ${machine}: set CLICKHOUSE_URL to a ClickHouse server.`,
  );
}

/** True on Alpine and its like, whose C library cannot load the glibc builds. */
export function runsOnMusl(): boolean {
  if (process.platform !== 'linux') return false;
  const report: unknown = process.report.getReport();
  const header =
    typeof report === 'object' && report !== null && 'header' in report ? report.header : undefined;
  return !(typeof header === 'object' && header !== null && 'glibcVersionRuntime' in header);
}

/** The path of `libchdb.so`. Throws `CONFIGURATION` when the package is not installed. */
export function findLibrary(packageName: string): string {
  const library = libraryIn(packageName);
  if (library !== undefined && existsSync(library)) return library;
  throw new UtmqlError(
    'CONFIGURATION',
    `utmql's own ClickHouse server needs the optional package ${packageName}, which is not installed: ` +
      `run "npm install" without --omit=optional, or set CLICKHOUSE_URL to a ClickHouse server.`,
  );
}

function libraryIn(packageName: string): string | undefined {
  try {
    return join(dirname(createRequire(import.meta.url).resolve(`${packageName}/package.json`)), 'libchdb.so');
  } catch {
    return undefined;
  }
}
