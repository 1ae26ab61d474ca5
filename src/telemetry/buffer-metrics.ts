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
  gauge('buffer_records', 'Pushed records that wait for ClickHouse.', (stats) => stats.records);
  gauge(
    'buffer_records_limit',
    'Pushed records that may wait (`BUFFER_MAX_SIZE`); more are answered 429.',
    (stats) => stats.maxRecords,
  );
  gauge('buffer_bytes', 'Disk space that the buffer of pushed records takes.', (stats) => stats.bytes);
  gauge(
    'buffer_bytes_limit',
    'Disk space that it may take (`BUFFER_MAX_BYTES`); more is answered 503.',
    (stats) => stats.maxBytes,
  );
  gauge(
    'buffer_oldest_seconds',
    'For how long the oldest pushed record has waited; 0 when none waits.',
    ({ oldestAt }, now) => (oldestAt === undefined ? 0 : Math.max(0, now - oldestAt) / 1_000),
  );
  gauge(
    'buffer_corrupt_records',
    'Corrupt records found in the buffer since the start, set aside in its folder.',
    (stats) => stats.setAside,
  );
  return {
    observeBuffer(buffer, now) {
      look = () => ({ stats: buffer.stats(), now: now() });
    },
  };
}
