import { readFile, rm } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import { UtmqlError } from '../../errors.ts';
import type { OwnServerFolder } from './folder.ts';

/** ClickHouse's words for a file that describes a table or database and was not written to its end: its disk was full. */
const damaged =
  /(?:Cannot parse definition from metadata file|while loading database \S+ from file) (\S+?\.sql)\b/;

/** The file because of which the server did not start, by what it wrote to its standard error; undefined: not for that reason. */
export const damagedMetadata = (folder: OwnServerFolder, output: string): string | undefined => {
  const path = damaged.exec(output)?.[1];
  return path === undefined ? undefined : resolve(folder.storeDir, path);
};

/**
 * Removes the damaged description of a table of logs in the database `system`, which ClickHouse makes anew.
 *
 * @returns false: it describes something else, and is left as it is
 */
export async function forgetLogTable(folder: OwnServerFolder, path: string): Promise<boolean> {
  if (!/^\w+_log(_\d+)?\.sql$/.test(basename(path))) return false;
  const system = await readFile(join(folder.storeDir, 'metadata', 'system.sql'), 'utf8').catch(() => '');
  const uuid = /UUID '([0-9a-f-]{36})'/.exec(system)?.[1];
  if (uuid === undefined || dirname(path) !== join(folder.storeDir, 'store', uuid.slice(0, 3), uuid))
    return false;
  await rm(path, { force: true });
  return true;
}

export const damagedFile = (folder: OwnServerFolder, path: string, cause: Error): UtmqlError =>
  new UtmqlError(
    'CONFIGURATION',
    `${path}, which describes a table or database, is damaged: the disk was full, or failed, when ClickHouse wrote it. ` +
      `Where utmql has never been ready on this folder, remove ${folder.storeDir} and start again. ` +
      `Otherwise move ${folder.storeDir} away, start again, and restore a backup as docs/backup.md says. ` +
      `Leave the rest of ${folder.dataDir} where it is: it holds keys, and pushed records that wait. ClickHouse's log is ${folder.logFile}.`,
    { cause },
  );
