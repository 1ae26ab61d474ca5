import { mkdir, open, readdir, unlink } from 'node:fs/promises';

/** An open file of the buffer. All offsets and lengths are bytes. */
export interface BufferFile {
  /** Returns the number of bytes read; 0 after the end of the file. */
  read(target: Uint8Array, offset: number, length: number, position: number): Promise<number>;
  /** Returns the number of bytes written, which may be fewer than `length`. */
  write(source: Uint8Array, offset: number, length: number, position: number): Promise<number>;
  /** Resolves when all written bytes are on the storage device. */
  datasync(): Promise<void>;
  truncate(size: number): Promise<void>;
  size(): Promise<number>;
  close(): Promise<void>;
}

/** The file system functions that the buffer uses. Tests replace them with full, broken or slow disks. */
export interface BufferFiles {
  /** Creates the folder and its parents if they do not exist. */
  makeFolder(folder: string): Promise<void>;
  /** Resolves when the names of new and removed files are on the storage device. */
  syncFolder(folder: string): Promise<void>;
  /** Returns the names in a folder, in any order. */
  list(folder: string): Promise<readonly string[]>;
  /** `read` and `write` require an existing file, `create` a new one; `replace` creates a file or empties it. */
  open(path: string, how: 'read' | 'write' | 'create' | 'replace'): Promise<BufferFile>;
  remove(path: string): Promise<void>;
}

const flags = { read: 'r', write: 'r+', create: 'wx', replace: 'w' } as const;

/** The real file system. Only the current user can access what it creates. */
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

/** Writes all bytes, in several writes if the file system takes only some of them. */
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

/** Reads until `target` is full or the file ends. Returns the number of bytes read. */
export async function readFully(file: BufferFile, target: Uint8Array, position: number): Promise<number> {
  for (let filled = 0; ; ) {
    const more = await file.read(target, filled, target.length - filled, position + filled);
    filled += more;
    if (more === 0 || filled === target.length) return filled;
  }
}

/** Returns the code of an operating system error, such as ENOENT. */
export const systemErrorCode = (error: unknown): string | undefined =>
  error instanceof Error && 'code' in error ? String(error.code) : undefined;
