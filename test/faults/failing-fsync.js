/**
 * Loaded into the program with `node --import`: while the file named by FAULTS_FSYNC_FILE exists, every fsync fails with EIO,
 * and what had been written since the last one that succeeded is overwritten with zeros. That is how Linux treats pages that it
 * could not write: it drops them and calls them clean, so that a second fsync would succeed over lost data.
 */
import { existsSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';

const control = process.env.FAULTS_FSYNC_FILE ?? '';
const startedAt = Date.now();
/** Bytes known to be on the medium, by inode. */
const durable = new Map();

const probe = await open(fileURLToPath(import.meta.url));
const prototype = Object.getPrototypeOf(probe);
await probe.close();

for (const name of ['sync', 'datasync']) {
  const original = prototype[name];
  prototype[name] = async function () {
    const { dev, ino, size, birthtimeMs, ...stats } = await this.stat();
    const inode = `${dev}:${ino}`;
    const isFile = (stats.mode & 0o170000) === 0o100000;
    if (!existsSync(control)) {
      await original.call(this);
      if (isFile) durable.set(inode, size);
      return;
    }
    // A file of an earlier process was durable when this one found it.
    const safe = durable.get(inode) ?? (birthtimeMs < startedAt ? size : 0);
    if (isFile && size > safe) await this.write(Buffer.alloc(size - safe), 0, size - safe, safe);
    throw Object.assign(new Error('EIO: i/o error, fsync'), { code: 'EIO', errno: -5, syscall: 'fsync' });
  };
}
