import pino from 'pino';
import { describe, expect, it } from 'vitest';
import { UtmqlError } from '../../src/errors.ts';
import { json, status, text } from '../support/source-server.ts';
import { openOne, read, serve } from './support.ts';

describe('the value of a variable', () => {
  const secret = 's3cret/token+1';

  it('is in no message, log or error, wherever it was put and whatever the source makes of it', async () => {
    const lines: string[] = [];
    const logger = pino({ level: 'trace' }, { write: (line) => lines.push(line) });
    const server = await serve((request, response) => {
      const path = decodeURIComponent(request.url ?? '');
      if (path.includes('/html')) return text(`<b>${secret} is wrong`)(request, response);
      if (path.includes('/redirect')) {
        return status(302, { location: `http://127.0.0.1:1/${encodeURIComponent(secret)}` })(
          request,
          response,
        );
      }
      if (path.includes('/link'))
        return json({ items: [], next: `http://evil.example/${secret}` })(request, response);
      if (path.includes('/busy')) return status(503)(request, response);
      return status(403)(request, response);
    });
    const shown: string[] = [];
    for (const place of ['html', 'redirect', 'link', 'busy', 'denied']) {
      const source = await openOne(
        `
sources:
  - name: feed
    kind: ad_performance
    url: "${server.url}/\${SECRET}/${place}?key=\${SECRET}"
    auth: { bearer: "\${SECRET}" }
    headers: { x-key: "\${SECRET}" }
    parameters: { k: "\${SECRET}" }
    ${place === 'link' ? 'pagination: { next_link: { field: next } }' : ''}
`,
        { environment: { SECRET: secret } },
      );
      const { error, labels } = await read(source, { logger });
      expect(error, place).toBeInstanceOf(UtmqlError);
      const causes: unknown[] = [];
      for (let cause = error?.cause; cause instanceof Error; cause = cause.cause)
        causes.push(cause.message, cause.stack);
      logger.error({ err: error }, 'failed');
      shown.push(error?.message ?? '', ...labels, ...causes.map(String));
    }
    const everything = [...shown, ...lines].join('\n');
    expect(everything).toContain(`\${SECRET}`);
    for (const form of [
      secret,
      encodeURIComponent(secret),
      's3cret',
      Buffer.from(secret).toString('base64'),
    ]) {
      expect(everything).not.toContain(form);
    }
  });

  it('is not in the message about a host that cannot be reached', async () => {
    const source = await openOne(
      `sources: [{ name: feed, kind: ad_performance, url: "http://\${HOST}.invalid/x" }]`,
      { environment: { HOST: 's3cret-host' }, attempts: 1 },
    );
    const { error } = await read(source);
    expect(error?.message).toMatch(
      /^Source feed could not be read from http:\/\/\$\{HOST\}\.invalid\/x in 1 attempt: its host name/,
    );
    expect(String(error?.cause)).not.toContain('s3cret');
  });

  it('cannot change what the file says', async () => {
    const source = await openOne(
      `sources: [{ name: feed, kind: ad_performance, url: "http://x", channel: "\${CHANNEL}" }]`,
      { environment: { CHANNEL: `a", mode: upsert, x: "\${HOME}` } },
    );
    expect(source.defaultMode).toBe('replace');
  });
});
