import { once } from 'node:events';
import { Agent, get, request as httpRequest } from 'node:http';
import { connect } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { sendWithoutEnd } from '../support/endless-body.ts';
import { ad, event, ndjson } from '../support/push-records.ts';
import { far, inTime, useStoppingProgram } from './stopping.ts';

const { sql, start } = useStoppingProgram();

describe('a signal that ends the program', () => {
  it.each(['SIGTERM', 'SIGINT'] as const)(
    '%s: turns unready at once and goes on answering for SHUTDOWN_DELAY_MS',
    async (signal) => {
      const program = await start({ SHUTDOWN_DELAY_MS: '1500' });
      const agent = new Agent({ keepAlive: true, maxSockets: 1 });
      const ask = async (
        path: string,
      ): Promise<{ status: number | undefined; connection: string | undefined }> => {
        const [response] = await once(get(`${program.url}${path}`, { agent }), 'response');
        response.resume();
        await once(response, 'end');
        return { status: response.statusCode, connection: response.headers.connection };
      };
      expect(await ask('/readyz')).toEqual({ status: 200, connection: 'keep-alive' });
      const stopped = program.stop(signal);
      await program.logged('shutting down');
      // Over the connection that was kept open, and then over a new one.
      expect(await ask('/readyz')).toEqual({ status: 503, connection: 'close' });
      const ready = await fetch(`${program.url}/readyz`);
      expect(await ready.json()).toMatchObject({ status: 'stopping' });
      expect((await program.graphql('{ ingestRuns { id } }')).status).toBe(200);
      // A second one neither ends it nor makes it quicker.
      program.child.kill(signal);
      await program.logged('is shutting down already');
      expect((await fetch(`${program.url}/healthz`)).status).toBe(200);
      expect(await stopped).toEqual(inTime);
      await expect(fetch(`${program.url}/healthz`)).rejects.toThrow();
      agent.destroy();
    },
    far,
  );

  it(
    'lets the answers that are on their way come whole',
    async () => {
      const program = await start();
      const query = `{ ${Array.from({ length: 20 }, (_, index) => `t${index}: metrics(dateRange: { last: { count: ${index + 1}, unit: DAY } }, groupBy: [DATE], fill: true) { nodes { cost } }`).join(' ')} }`;
      const answers = Array.from({ length: 4 }, () => program.graphql(query));
      const inFlight = async (): Promise<number> => {
        const metrics = await (await fetch(`${program.url}/metrics`)).text();
        return Number(/^http_requests_in_flight (\d+)/m.exec(metrics)?.[1]);
      };
      // They have all arrived; the look itself is one, too.
      while ((await inFlight()) <= answers.length) await delay(5);
      const stopped = program.stop();
      for (const answer of await Promise.all(answers)) {
        expect(answer.status).toBe(200);
        expect(((await answer.json()) as { errors?: unknown }).errors).toBeUndefined();
      }
      expect(await stopped).toEqual(inTime);
    },
    far,
  );

  it(
    'ends a run that pulls a hanging source, and the subscription and the mutation that follow it',
    async () => {
      const program = await start();
      const triggered = await program.graphql('mutation { triggerIngest(input: {}) { runs { id } } }');
      const { data } = (await triggered.json()) as { data: { triggerIngest: { runs: { id: string }[] } } };
      const id = data.triggerIngest.runs[0]?.id ?? '';
      const following = await fetch(`${program.url}/graphql`, {
        method: 'POST',
        headers: { 'content-type': 'application/json', accept: 'text/event-stream' },
        body: JSON.stringify({ query: `subscription { ingestRun(id: "${id}") { status } }` }),
      });
      const waiting = program.graphql(
        'mutation { triggerIngest(input: { wait: true }) { runs { status } } }',
      );
      await delay(300);
      const stopped = program.stop();
      expect(await (await waiting).json()).toMatchObject({
        data: { triggerIngest: { runs: [{ status: 'CANCELLED' }] } },
      });
      expect(await following.text()).toContain('CANCELLED');
      expect(await stopped).toEqual(inTime);
      expect(await sql().text(`SELECT status FROM ingest_runs FINAL WHERE run_id = '${id}'`)).toContain(
        'cancelled',
      );
    },
    far,
  );

  it(
    'ends pushes without an end, whether their sender writes on or has fallen silent',
    async () => {
      const program = await start();
      let sent = 0;
      const endless = sendWithoutEnd(
        `${program.url}/ingest/ad-performance`,
        { 'content-type': 'application/x-ndjson' },
        () => {
          const block = ndjson(Array.from({ length: 1_000 }, (_, number) => ad(sent + number)));
          sent += 1_000;
          return Buffer.from(block);
        },
      ).catch(() => undefined);
      const silent = httpRequest(`${program.url}/ingest/events`, {
        method: 'POST',
        headers: { 'content-type': 'application/x-ndjson' },
      });
      silent.write(ndjson([event(1)]));
      const silence = once(silent, 'response');
      // A connection over which nothing was ever sent.
      const mute = connect(Number(new URL(program.url).port), '127.0.0.1');
      mute.on('error', () => undefined);
      while ((await sql().count('SELECT count() FROM ad_performance')) === 0) await delay(50);
      expect(await program.stop()).toEqual(inTime);
      const [answered] = await silence;
      expect(answered.statusCode).toBe(503);
      const heard = await endless;
      if (heard !== undefined) {
        expect(heard.status).toBe(503);
        const answer = (await heard.json()) as { accepted: number };
        expect(await sql().count('SELECT count() FROM ad_performance FINAL')).toBeGreaterThanOrEqual(
          answer.accepted,
        );
      }
      mute.destroy();
    },
    far,
  );
});
