import { dirname } from 'node:path';
import { crc32 } from 'node:zlib';
import { type BufferFile, type BufferFiles, readFully, systemErrorCode, writeFully } from './disk.ts';

/** The file that stores the position up to which records are released. */
export interface PositionFile {
  /** The position in the file when it was opened; undefined if the file is missing or damaged. */
  readonly saved: number | undefined;
  /**
   * Resolves when the position is durable. Calls must not overlap. After an error, the previously saved position is still valid.
   */
  save(position: number): Promise<void>;
  close(): Promise<void>;
}

// Two slots are written alternately, each in its own block, so that a torn write damages only the older position. Writing in
// place needs no free space: positions can be saved on a full disk, which is when segments must be removed.
const slotBytes = 4096;
const noteBytes = 20;
const magic = Buffer.from('utmqlpos');

export async function openPositionFile(files: BufferFiles, path: string): Promise<PositionFile> {
  const notes = await readNotes(files, path);
  const [first = -1, second = -1] = notes;
  let slot = first > second ? 1 : 0;
  let file: BufferFile | undefined;

  const forget = async (): Promise<void> => {
    const closing = file;
    file = undefined;
    await closing?.close();
  };

  return {
    saved: Math.max(first, second) < 0 ? undefined : Math.max(first, second),
    async save(position) {
      try {
        file ??= await openOrCreate(files, path);
        await writeFully(file, note(position), noteBytes, slot * slotBytes);
        await file.datasync();
      } catch (error) {
        await forget().catch(() => undefined);
        throw error;
      }
      slot = 1 - slot;
    },
    close: forget,
  };
}

function note(position: number): Buffer {
  const bytes = Buffer.alloc(noteBytes);
  magic.copy(bytes);
  bytes.writeBigUInt64BE(BigInt(position), 8);
  bytes.writeUInt32BE(crc32(bytes.subarray(0, 16)), 16);
  return bytes;
}

function readNote(bytes: Buffer): number | undefined {
  if (!bytes.subarray(0, 8).equals(magic)) return undefined;
  if (crc32(bytes.subarray(0, 16)) !== bytes.readUInt32BE(16)) return undefined;
  return Number(bytes.readBigUInt64BE(8));
}

async function readNotes(files: BufferFiles, path: string): Promise<readonly (number | undefined)[]> {
  let file: BufferFile;
  try {
    file = await files.open(path, 'read');
  } catch (error) {
    if (systemErrorCode(error) === 'ENOENT') return [];
    throw error;
  }
  try {
    const bytes = Buffer.alloc(2 * slotBytes);
    await readFully(file, bytes, 0);
    return [readNote(bytes), readNote(bytes.subarray(slotBytes))];
  } finally {
    await file.close();
  }
}

async function openOrCreate(files: BufferFiles, path: string): Promise<BufferFile> {
  try {
    return await files.open(path, 'write');
  } catch (error) {
    if (systemErrorCode(error) !== 'ENOENT') throw error;
  }
  const file = await files.open(path, 'create');
  try {
    // Allocates both blocks now, so that later writes need no free space.
    await writeFully(file, Buffer.alloc(2 * slotBytes), 2 * slotBytes, 0);
    await file.datasync();
    await files.syncFolder(dirname(path));
    return file;
  } catch (error) {
    await file.close();
    throw error;
  }
}
