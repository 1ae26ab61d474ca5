import { mkdir, open, readdir, unlink } from 'node:fs/promises';

/** An open file of the buffer. All offsets and lengths are bytes. */
export interface BufferFile {
  /** How many bytes were read; 0 behind the end of the file. */
  read(target: Uint8Array, offset: number, length: number, position: number): Promise<number>;
  /** How many bytes were written, possibly fewer than asked for. */
  write(source: Uint8Array, offset: number, length: number, position: number): Promise<number>;
  /** Resolves when what was written is on the medium. */
  datasync(): Promise<void>;
  truncate(size: number): Promise<void>;
  size(): Promise<number>;
  close(): Promise<void>;
}

/** What the buffer needs of a file system. Tests put disks between that are full, broken or slow. */
export interface BufferFiles {
  /** Makes it, and what is above it, unless it is there. */
  makeFolder(folder: string): Promise<void>;
  /** Resolves when the names of new and removed files are on the medium. */
  syncFolder(folder: string): Promise<void>;
  /** The names in a folder, in any order. */
  list(folder: string): Promise<readonly string[]>;
  /** `read` and `write` want a file that is there, `create` one that is not, `replace` empties one that may be there. */
  open(path: string, how: 'read' | 'write' | 'create' | 'replace'): Promise<BufferFile>;
  remove(path: string): Promise<void>;
}

const flags = { read: 'r', write: 'r+', create: 'wx', replace: 'w' } as const;

/** The real file system. What it makes is for this user only. */
export const nodeFiles: BufferFiles = {
  async makeFolder(folder) {
    await mkdir(folder, { recursive: true, mode: 0o700 });
  },
  async syncFolder(folder) {
    const handle = await open(folder, 'r');
    try {
      await handle.sync();
    } finally {
      await handle.close();
    }
  },
  list: (folder) => readdir(folder),
  async open(path, how) {
    const handle = await open(path, flags[how], 0o600);
    return {
      read: async (target, offset, length, position) =>
        (await handle.read(target, offset, length, position)).bytesRead,
      write: async (source, offset, length, position) =>
        (await handle.write(source, offset, length, position)).bytesWritten,
      datasync: () => handle.datasync(),
      truncate: (size) => handle.truncate(size),
      size: async () => (await handle.stat()).size,
      close: () => handle.close(),
    };
  },
  remove: (path) => unlink(path),
};

/** Writes all of it, however little the file system takes at a time. */
export async function writeFully(
  file: BufferFile,
  source: Uint8Array,
  length: number,
  position: number,
): Promise<void> {
  for (let written = 0; written < length; ) {
    const more = await file.write(source, written, length - written, position + written);
    if (more === 0) throw new Error('The file system took no bytes.');
    written += more;
  }
}

/** Reads until `target` is full or the file ends; how many bytes it holds then. */
export async function readFully(file: BufferFile, target: Uint8Array, position: number): Promise<number> {
  for (let filled = 0; ; ) {
    const more = await file.read(target, filled, target.length - filled, position + filled);
    filled += more;
    if (more === 0 || filled === target.length) return filled;
  }
}

/** The code of an error of the operating system, such as ENOENT. */
export const systemErrorCode = (error: unknown): string | undefined =>
  error instanceof Error && 'code' in error ? String(error.code) : undefined;
