import { join } from 'node:path';
import { UtmqlError } from '../../errors.ts';
import type { Logger } from '../../logger.ts';
import type { Backlog } from './backlog.ts';
import type { BufferFiles } from './files.ts';
import { lockFolder } from './lock.ts';
import { openPositionFile, type PositionFile } from './position-file.ts';
import { recover } from './recover.ts';
import { unusable } from './refusals.ts';
import { createSetAside, type SetAside } from './set-aside.ts';

const setAsideBytes = 64 * 1024 * 1024;

/** A folder that is this process's own, and what is in it. */
export interface OpenFolder {
  readonly lock: { unlock(): Promise<void> };
  readonly setAside: SetAside;
  readonly positions: PositionFile;
  readonly backlog: Backlog;
  /** When the newest record that there is was appended, epoch ms. */
  readonly newestAt: number | undefined;
  /** Position behind everything there ever was. */
  readonly nextBase: number;
}

/** @throws UtmqlError CONFIGURATION when the folder is in use by another process or cannot be used */
export async function openFolder(folder: string, files: BufferFiles, logger: Logger): Promise<OpenFolder> {
  try {
    await files.makeFolder(folder);
    const lock = await lockFolder(folder, join(folder, 'lock'));
    try {
      const aside = { folder: join(folder, 'set-aside'), maxBytes: setAsideBytes, files, logger };
      const setAside = await createSetAside(aside);
      const positions = await openPositionFile(files, join(folder, 'position'));
      const found = await recover({ folder, released: positions.saved, files, setAside, logger });
      return { lock, setAside, positions, ...found };
    } catch (error) {
      await lock.unlock();
      throw error;
    }
  } catch (error) {
    throw error instanceof UtmqlError ? error : unusable(folder, error);
  }
}
