import { mkdir, rm, statfs, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Config } from '../config/config.ts';
import { type Finding, reportableErrorCode } from './finding.ts';

const what = 'DATA_DIR';
const gigabyte = 1_073_741_824;

/** Whether DATA_DIR can be written, and has room for as many pushed records as may wait there. */
export async function checkDataFolder(config: Config): Promise<Finding> {
  const { DATA_DIR: folder, BUFFER_MAX_BYTES: wanted } = config;
  try {
    await mkdir(folder, { recursive: true, mode: 0o700 });
    const probe = join(folder, `.write-check-${process.pid}`);
    await writeFile(probe, '');
    await rm(probe);
  } catch (error) {
    return {
      state: 'fail',
      what,
      text: `DATA_DIR (${JSON.stringify(folder)}) cannot be written (${reportableErrorCode(error)}). Give it to utmql's user, or set DATA_DIR to another folder.`,
    };
  }
  const { bavail, bsize } = await statfs(folder);
  const free = bavail * bsize;
  if (free >= wanted)
    return { state: 'ok', what, text: `${folder} can be written; ${inGigabytes(free)} are free.` };
  return {
    state: 'warn',
    what,
    text: `DATA_DIR (${JSON.stringify(folder)}) has ${inGigabytes(free)} free, and pushed records may need ${inGigabytes(wanted)}. Make room, or lower BUFFER_MAX_BYTES.`,
  };
}

const inGigabytes = (bytes: number): string => `${(bytes / gigabyte).toFixed(1)} GiB`;
