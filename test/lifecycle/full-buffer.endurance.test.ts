import { setTimeout as delay } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { event, ndjson } from '../support/push-records.ts';
import { far, inTime, useStoppingProgram } from './stopping.ts';

const { proxy, sql, start } = useStoppingProgram();

describe('a signal that ends the program', () => {
  it.each(['refused', 'silent'] as const)(
    'keeps 50,000 records in the buffer while ClickHouse is away (%s), and stores them after the next start',
    async (how) => {
      const program = await start({ BUFFER_MAX_SIZE: '50000' });
      await proxy().away(how);
      let taken = 0;
      while (taken < 50_000) {
        const records = Array.from({ length: 1_000 }, (_, number) => event(taken + number));
        const response = await fetch(`${program.url}/ingest/events`, {
          method: 'POST',
          headers: { 'content-type': 'application/x-ndjson' },
          body: ndjson(records),
        });
        expect(response.status).toBe(202);
        taken += records.length;
      }
      expect(await program.stop()).toEqual(inTime);
      await proxy().back();
      const next = await start();
      while ((await sql().count('SELECT count() FROM events FINAL')) < taken) await delay(100);
      // What is stored is stored once, and a program with nothing left to do ends.
      expect(await sql().count('SELECT count() FROM events FINAL')).toBe(taken);
      expect(await next.stop()).toEqual(inTime);
    },
    far,
  );
});
