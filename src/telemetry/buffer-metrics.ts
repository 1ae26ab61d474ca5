import { Gauge, type Registry } from 'prom-client';
import type { BufferStats } from '../wal/wal.ts';

export interface BufferMetrics {
  /** Registers the write-ahead buffer, whose figures are read at each scrape. */
  observeBuffer(buffer: { stats(): BufferStats }, now: () => number): void;
}

export function createBufferMetrics(registry: Registry): BufferMetrics {
  let look: (() => { stats: BufferStats; now: number }) | undefined;
  const gauge = (name: string, help: string, read: (stats: BufferStats, now: number) => number): void => {
    new Gauge({
      name,
      help,
      registers: [registry],
      collect() {
        if (look === undefined) return;
        const { stats, now } = look();
        this.set(read(stats, now));
      },
    });
  };
  gauge('buffer_records', 'Pushed records that wait in the buffer for ClickHouse.', (stats) => stats.records);
  gauge(
    'buffer_records_limit',
    'Maximum number of pushed records in the buffer (`BUFFER_MAX_SIZE`); further ones are answered with 429.',
    (stats) => stats.maxRecords,
  );
  gauge('buffer_bytes', 'Size of the buffer of pushed records on disk in bytes.', (stats) => stats.bytes);
  gauge(
    'buffer_bytes_limit',
    'Maximum size of the buffer on disk in bytes (`BUFFER_MAX_BYTES`); further records are answered with 503.',
    (stats) => stats.maxBytes,
  );
  gauge(
    'buffer_oldest_seconds',
    'How long the oldest pushed record has waited in the buffer, in seconds; 0 if none waits.',
    ({ oldestAt }, now) => (oldestAt === undefined ? 0 : Math.max(0, now - oldestAt) / 1_000),
  );
  gauge(
    'buffer_corrupt_records',
    'Corrupt records found in the buffer since the start and set aside in its folder.',
    (stats) => stats.setAside,
  );
  return {
    observeBuffer(buffer, now) {
      look = () => ({ stats: buffer.stats(), now: now() });
    },
  };
}
