/** Appends records of many sizes from 32 callers at once, until it is killed; writes the id of each once it is durable. */
import { writeSync } from 'node:fs';
import { createLogger } from '../../src/logger.ts';
import { openBuffer } from '../../src/wal/wal.ts';

const [folder = '', prefix = ''] = process.argv.slice(2);

try {
  const buffer = await openBuffer({
    folder,
    maxRecords: 10_000_000,
    maxBytes: 1_000_000_000,
    segmentBytes: 200_000,
    logger: createLogger({ level: 'silent' }),
    clock: { now: () => Date.now() },
  });
  const append = async (caller: number): Promise<void> => {
    for (let number = 0; ; number += 1) {
      const id = `${prefix}.${caller}.${number}`;
      await buffer.append([Buffer.from(`${id} ${'x'.repeat((number * 37) % 1_500)}`)]);
      // Not at once and synchronously: a pipe that the test is slow to empty would refuse it (EAGAIN).
      await new Promise((resolve) => process.stdout.write(`${id}\n`, resolve));
    }
  };
  await Promise.all(Array.from({ length: 32 }, (_, caller) => append(caller)));
} catch (error) {
  writeSync(2, error instanceof Error ? error.message : String(error));
  process.exit(1);
}
