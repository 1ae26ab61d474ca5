import { Client } from '@modelcontextprotocol/sdk/client/index.js';
import { StdioClientTransport } from '@modelcontextprotocol/sdk/client/stdio.js';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startTestApp, type TestApp } from '../support/app.ts';
import { builtProgram } from '../support/built-program.ts';
import { makeKeys, type TestKeys } from '../support/keys.ts';
import { redirect, refusedUrl, startSourceServer, text } from '../support/source-server.ts';
import { type Agent, agentOf } from './agent.ts';

let keys: TestKeys;
let app: TestApp;
let both: string;

const dateRange = { between: { from: '2025-08-01', to: '2025-08-31' } };

beforeAll(async () => {
  keys = await makeKeys();
  const admin = await keys.create({ role: 'admin', workspace: ['acme', 'beta'] });
  both = admin.authorization.slice('Bearer '.length);
  app = await startTestApp({ environment: { API_KEYS_FILE: keys.file, TRUSTED_DOCUMENTS: 'only' } });
  for (const [workspace, cost] of [
    ['acme', 1],
    ['beta', 20],
  ] as const) {
    const response = await fetch(`${app.url}/ingest/ad-performance`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', 'x-workspace': workspace, ...admin },
      body: JSON.stringify([
        { date: '2025-08-01', campaign_id: 'C', channel: 'x', clicks: 1, impressions: 1, cost },
      ]),
    });
    expect(response.status).toBe(200);
  }
});
afterAll(async () => {
  await app.close();
  await keys.close();
});

interface Started extends Agent {
  stderr(): string;
}

/** The program as an agent starts it. */
async function start(environment: Record<string, string>, ...args: string[]): Promise<Started> {
  const [command, ...rest] = builtProgram('mcp', ...args);
  const transport = new StdioClientTransport({ command, args: rest, env: environment, stderr: 'pipe' });
  let stderr = '';
  transport.stderr?.on('data', (chunk: Buffer) => {
    stderr += chunk.toString();
  });
  const client = new Client({ name: 'test', version: '1' });
  try {
    await client.connect(transport);
  } catch (error) {
    await client.close();
    throw new Error(`${String(error)} stderr: ${stderr}`);
  }
  return { ...agentOf(client), stderr: () => stderr };
}

describe('utmql mcp', () => {
  it('answers what /mcp answers, for the workspace that it is started for', async () => {
    for (const [args, workspace, cost] of [
      [[], 'acme', 1],
      [['--workspace', 'beta'], 'beta', 20],
    ] as const) {
      const agent = await start({ UTMQL_URL: app.url, UTMQL_API_KEY: both }, ...args);
      expect((await agent.client.listTools()).tools).toHaveLength(5);
      expect(agent.client.getServerVersion()).toMatchObject({ name: 'utmql' });
      expect(await agent.ask('query_metrics', { measures: ['COST'], dateRange })).toMatchObject({
        workspace,
        totals: { cost },
      });
      expect(
        await agent.refused('query_metrics', { measures: ['COST'], dateRange, workspace: 'beta' }),
      ).toMatch(/no argument chooses a workspace/);
      const several = Array.from({ length: 10 }, () => agent.ask('list_metrics'));
      for (const answer of await Promise.all(several)) expect(answer).toMatchObject({ workspace });
      // Its stdout is read as messages: a line that is none would be an error of the client.
      expect(agent.stderr()).toBe('');
      await agent.close();
    }
  });

  it('says what to do when utmql is away', async () => {
    const gone = await refusedUrl();
    await expect(start({ UTMQL_URL: gone })).rejects.toThrow(
      /utmql at http:\/\/127.0.0.1:\d+ cannot be reached \(ECONNREFUSED\)\. Start it with `utmql start`, or give its address as UTMQL_URL\./,
    );
  });

  it('goes on when utmql is back', async () => {
    let isAway = false;
    const front = await startSourceServer(async (request, response) => {
      if (isAway) return void response.destroy();
      const headers = ['authorization', 'content-type', 'accept'].map((name) => [
        name,
        String(request.headers[name]),
      ]);
      const chunks: Buffer[] = [];
      for await (const chunk of request) chunks.push(chunk as Buffer);
      const answer = await fetch(`${app.url}/mcp`, {
        method: request.method ?? 'POST',
        headers: Object.fromEntries(headers),
        ...(request.method === 'POST' && { body: Buffer.concat(chunks) }),
      });
      const type = answer.headers.get('content-type');
      response.writeHead(answer.status, type === null ? {} : { 'content-type': type });
      response.end(Buffer.from(await answer.arrayBuffer()));
    });
    const agent = await start({ UTMQL_URL: front.url, UTMQL_API_KEY: both });
    isAway = true;
    await expect(agent.call('list_metrics')).rejects.toThrow(/cannot be reached/);
    isAway = false;
    expect(await agent.ask('list_metrics')).toMatchObject({ workspace: 'acme' });
    await agent.close();
    await front.close();
  });

  it('says what to do about a key that is wrong, missing or not for that workspace', async () => {
    await expect(start({ UTMQL_URL: app.url })).rejects.toThrow(
      /This needs an API key or a token.* Check UTMQL_API_KEY\./,
    );
    await expect(start({ UTMQL_URL: app.url, UTMQL_API_KEY: 'nonsense' })).rejects.toThrow(
      /Check UTMQL_API_KEY\./,
    );
    await expect(start({ UTMQL_URL: app.url, UTMQL_API_KEY: both }, '--workspace', 'other')).rejects.toThrow(
      /X-Workspace names no workspace that this key may use.* Check UTMQL_API_KEY and --workspace\./,
    );
  });

  it('takes nothing else for utmql, and gives the key to no other address', async () => {
    const other = await startSourceServer(text('hello'));
    const leading = await startSourceServer(redirect(`${app.url}/mcp`));
    await expect(start({ UTMQL_URL: other.url })).rejects.toThrow(/not as utmql does\. Check the address\./);
    await expect(start({ UTMQL_URL: leading.url, UTMQL_API_KEY: both })).rejects.toThrow(
      /answers 30\d, and not as utmql does/,
    );
    expect(leading.requests).toHaveLength(1);
    await other.close();
    await leading.close();
  });

  it('refuses addresses and keys that cannot be', async () => {
    await expect(start({ UTMQL_URL: 'ftp://x' })).rejects.toThrow(/UTMQL_URL\) is no address/);
    await expect(start({ UTMQL_URL: 'http://u:p@x' })).rejects.toThrow(/has a login in it/);
    await expect(start({ UTMQL_API_KEY: 'a b' })).rejects.toThrow(/has characters that no key has/);
    await expect(start({}, '--work-space', 'x')).rejects.toThrow(/did you mean --workspace/);
  });
});
