import { describe, expect, it } from 'vitest';
import { readConfig } from '../src/config/config.ts';
import { createStageReader } from '../src/records/stage.ts';

const messageOf = (environment: Record<string, string>): string => {
  try {
    readConfig(environment);
  } catch (error) {
    return error instanceof Error ? error.message : '';
  }
  return '';
};

describe('configuration', () => {
  it('needs nothing', () => {
    expect(readConfig({})).toMatchObject({
      HOST: '127.0.0.1',
      PORT: 4000,
      REPORTING_TIMEZONE: 'UTC',
      DATA_RETENTION_DAYS: 800,
    });
    expect(readConfig({}).CLICKHOUSE_URL).toBeUndefined();
  });

  it('takes an empty variable for one that is not set', () => {
    expect(readConfig({ PORT: ' ', CLICKHOUSE_URL: '' })).toEqual(readConfig({}));
  });

  it('wants a cluster to have an address, and shards a cluster', () => {
    expect(messageOf({ CLICKHOUSE_CLUSTER: 'prod' })).toContain('CLICKHOUSE_CLUSTER needs CLICKHOUSE_URL');
    expect(messageOf({ CLICKHOUSE_SHARD_URLS: 'http://a:8123' })).toContain(
      'CLICKHOUSE_SHARD_URLS needs CLICKHOUSE_CLUSTER',
    );
    const cluster = { CLICKHOUSE_URL: 'http://a:8123', CLICKHOUSE_CLUSTER: 'prod' };
    expect(messageOf({ ...cluster, CLICKHOUSE_SHARD_URLS: 'http://a:8123, b' })).toContain(
      'CLICKHOUSE_SHARD_URLS ("http://a:8123, b") is not a list of',
    );
    expect(messageOf({ ...cluster, CLICKHOUSE_CLUSTER: "x'; DROP" })).toContain('CLICKHOUSE_CLUSTER');
    expect(readConfig({ ...cluster, CLICKHOUSE_SHARD_URLS: 'http://a:8123, http://b:8123' })).toMatchObject({
      CLICKHOUSE_SHARD_URLS: ['http://a:8123', 'http://b:8123'],
    });
  });

  it('wants a cold volume with its policy, under plain names', () => {
    const needed = 'COLD_VOLUME and STORAGE_POLICY need each other';
    expect(messageOf({ COLD_VOLUME: 'cold' })).toContain(needed);
    expect(messageOf({ STORAGE_POLICY: 'tiered' })).toContain(needed);
    expect(messageOf({ STORAGE_POLICY: 'tiered', COLD_VOLUME: "x' DELETE" })).toContain('COLD_VOLUME');
    expect(readConfig({ STORAGE_POLICY: 'tiered', COLD_VOLUME: 'cold' }).COLD_AFTER_DAYS).toBe(90);
  });

  it('takes stage names in STAGE_MAP as the CRM writes them', () => {
    const { STAGE_MAP: stages } = readConfig({
      STAGE_MAP: '{"Closed Won!":"closed_won","In Review":"opportunity"}',
    });
    const read = createStageReader(stages);
    expect([read('Closed Won!'), read('in_review'), read('won')]).toEqual([
      'closed_won',
      'opportunity',
      'closed_won',
    ]);
  });

  it('takes origins that may embed share links one by one, and nothing that a policy would read as more', () => {
    expect(readConfig({}).EMBED_ORIGINS).toEqual([]);
    const { EMBED_ORIGINS: origins } = readConfig({
      EMBED_ORIGINS: 'https://wiki.example.com, http://localhost:8080,http://[::1]:3000',
    });
    expect(origins).toEqual(['https://wiki.example.com', 'http://localhost:8080', 'http://[::1]:3000']);
    for (const wrong of [
      '*',
      'https://*.example.com',
      'https://a.example;script-src *',
      'https://a.example;sandbox',
      'https://a.example/path',
      'a.example',
      'ftp://a.example',
      'null',
      "'self'",
    ])
      expect(messageOf({ EMBED_ORIGINS: `https://a.example, ${wrong}` }), wrong).toContain('EMBED_ORIGINS (');
  });

  it('wants a secret for share links that cannot be guessed, and repeats none', () => {
    const message = messageOf({ SHARE_SECRET: 'a short secret' });
    expect(message).toContain('SHARE_SECRET has fewer than 32 bytes');
    expect(message).not.toContain('a short secret');
  });

  it('wants secrets for the sink that cannot be guessed, and repeats none', () => {
    const url = { SINK_URL: 'https://example.com/figures' };
    const long = 'x'.repeat(24);
    for (const wrong of [
      'short',
      `${long},short`,
      'whsec_dG9vIHNob3J0',
      `whsec_${'ä'.repeat(32)}`,
      `whsec_${'a'.repeat(33)}`,
    ]) {
      const message = messageOf({ ...url, SINK_SECRET: wrong });
      expect(message, wrong).toContain('SINK_SECRET holds a secret of fewer than 24 bytes');
      expect(message).not.toContain(wrong);
    }
    expect(readConfig({ ...url, SINK_SECRET: `${long}, whsec_${'a'.repeat(32)}` }).SINK_SECRET).toHaveLength(
      2,
    );
    expect(messageOf(url)).toContain('SINK_URL and SINK_SECRET need each other');
    expect(messageOf({ SINK_SECRET: long })).toContain('SINK_URL and SINK_SECRET need each other');
    expect(messageOf({ SINK_AFTER: 'run' })).toContain('SINK_AFTER ("run") needs SINK_URL');
  });

  it('reads the dimensions and measures of exports by the names of the API', () => {
    const { SINK_GROUP_BY, SINK_MEASURES } = readConfig({
      SINK_GROUP_BY: 'DATE, UTM_SOURCE',
      SINK_MEASURES: 'CVR_LEAD_TO_OPP',
    });
    expect({ SINK_GROUP_BY, SINK_MEASURES }).toEqual({
      SINK_GROUP_BY: ['date', 'utmSource'],
      SINK_MEASURES: ['cvrLeadToOpp'],
    });
    expect(messageOf({ SINK_GROUP_BY: 'DATE,DATE' })).toContain('SINK_GROUP_BY ("DATE,DATE") is not a list');
    expect(messageOf({ SINK_MEASURES: 'PROFIT' })).toContain('out of IMPRESSIONS, CLICKS, COST');
  });

  it('reports everything that is wrong at once, each with its variable’s name', () => {
    const message = messageOf({
      PORT: 'many',
      CLICKHOUSE_URL: 'clickhouse:8123',
      REPORTING_TIMEZONE: 'Mars',
      STAGE_MAP: '{"x":"y"}',
      LOG_LEVEL: 'loud',
    });
    expect(message.split('\n')).toEqual([
      'The configuration is wrong:',
      '  - PORT ("many") is not a whole number',
      '  - LOG_LEVEL ("loud") is not one of fatal, error, warn, info, debug, trace, silent',
      '  - CLICKHOUSE_URL ("clickhouse:8123") is not an http:// or https:// address',
      '  - REPORTING_TIMEZONE ("Mars") is not an IANA time zone such as UTC or Europe/Berlin',
      '  - STAGE_MAP ("{\\"x\\":\\"y\\"}") is not a JSON object from stage names to one of lead, opportunity, closed_won, closed_lost',
    ]);
  });

  it('shows no secret', () => {
    expect(messageOf({ CONTACT_HASH_KEY: 'short' })).toContain('CONTACT_HASH_KEY has fewer');
    expect(messageOf({ ADS_API_URL: 'ftp://user:secret@host' })).not.toContain('secret');
  });

  it.each([
    'CLICKHOUSE_URL',
    'CLICKHOUSE_SHARD_URLS',
    'JWT_JWKS_URL',
    'OTEL_EXPORTER_OTLP_ENDPOINT',
    'OTEL_EXPORTER_OTLP_TRACES_ENDPOINT',
  ])('shows no address with a password or a token in it: %s', (name) => {
    for (const address of ['htp://user:planted@host:8123', 'htp://host/keys?token=planted']) {
      expect(messageOf({ [name]: address })).toContain(`${name} is not`);
      expect(messageOf({ [name]: address })).not.toContain('planted');
    }
  });

  it('refuses to be open to other machines while callers cannot log in', () => {
    expect(messageOf({ HOST: '0.0.0.0' })).toContain('HOST');
    expect(messageOf({ HOST: '::1' })).toBe('');
  });
});
