import { cp, mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { type BufferFile, type BufferFiles, nodeFiles } from '../../src/wal/disk.ts';

/** A disk on top of the real one that can be made to fail, and that knows what would survive a power cut. */
export interface Disk {
  readonly files: BufferFiles;
  /** Bytes that it still takes; the rest of a write is refused with ENOSPC. */
  room: number;
  /** Longest write that it takes at a time. */
  longestWrite: number;
  /** How often it has failed so far. */
  readonly failures: number;
  /** Names of failing calls. */
  readonly failing: Set<'datasync' | 'truncate' | 'syncFolder' | 'open' | 'remove' | 'read'>;
  /** Copies what had been synced into another folder: nothing else is there after a power cut. */
  cutPower(folder: string, into: string): Promise<void>;
}

export function createDisk(): Disk {
  let failures = 0;
  const broken = (code: string): Error => {
    failures += 1;
    return Object.assign(new Error(`${code}: made by the test`), { code });
  };
  const contents = new Map<string, Buffer>();
  const names = new Map<string, readonly string[]>();
  const disk: Disk = {
    room: Number.POSITIVE_INFINITY,
    longestWrite: Number.POSITIVE_INFINITY,
    get failures() {
      return failures;
    },
    failing: new Set(),
    files: {
      ...nodeFiles,
      async syncFolder(folder) {
        if (disk.failing.has('syncFolder')) throw broken('EIO');
        await nodeFiles.syncFolder(folder);
        names.set(folder, await readdir(folder));
      },
      async open(path, how) {
        if (disk.failing.has('open') && how !== 'read') throw broken('EROFS');
        return onDisk(path, await nodeFiles.open(path, how));
      },
      async remove(path) {
        if (disk.failing.has('remove')) throw broken('EIO');
        await nodeFiles.remove(path);
      },
    },
    async cutPower(folder, into) {
      await mkdir(into, { recursive: true });
      for (const name of names.get(folder) ?? [])
        await writeFile(join(into, name), contents.get(join(folder, name)) ?? '');
    },
  };

  const onDisk = (path: string, file: BufferFile): BufferFile => ({
    ...file,
    async read(target, offset, length, position) {
      if (disk.failing.has('read')) throw broken('EIO');
      return await file.read(target, offset, length, position);
    },
    async write(source, offset, length, position) {
      // Overwriting takes no room.
      const grows = position + length > (await file.size());
      const taken = Math.min(length, disk.longestWrite, grows ? disk.room : length);
      if (taken === 0) throw broken('ENOSPC');
      if (grows) disk.room -= taken;
      return await file.write(source, offset, taken, position);
    },
    async datasync() {
      if (disk.failing.has('datasync')) throw broken('EIO');
      await file.datasync();
      if (basename(dirname(path)) !== 'set-aside') contents.set(path, await readFile(path));
    },
    async truncate(size) {
      if (disk.failing.has('truncate')) throw broken('EIO');
      await file.truncate(size);
    },
  });
  return disk;
}

/** Files that are never synced, for tests that open thousands of buffers. */
export const hasty: BufferFiles = {
  ...nodeFiles,
  syncFolder: async () => undefined,
  open: async (path, how) => ({ ...(await nodeFiles.open(path, how)), datasync: async () => undefined }),
};

export const copyFolder = (from: string, to: string): Promise<void> => cp(from, to, { recursive: true });
