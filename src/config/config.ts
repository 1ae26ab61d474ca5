import { readFile } from 'node:fs/promises';
import { parseEnv } from 'node:util';
import type { z } from 'zod';
import { UtmqlError } from '../errors.ts';
import type { Variable } from './variables/variable.ts';
import { type VariableName, variables } from './variables.ts';

/** Variables and their values: those of the process, or others. */
export type Environment = Readonly<Record<string, string | undefined>>;

/** The whole configuration, by the names of the environment variables. Frozen. */
export type Config = { readonly [Name in VariableName]: z.output<(typeof variables)[Name]['parse']> };

/** An address can have a password in it, or a token. */
const mayHoldPassword = /[@?]/;

const loopback = /^(localhost|127(\.\d{1,3}){3}|::1)$/;

/**
 * Environment → configuration. An empty variable counts as not set.
 *
 * @throws UtmqlError CONFIGURATION that lists everything that is wrong, each with its variable's name
 */
export function readConfig(environment: Environment): Config {
  const problems: string[] = [];
  const values: Record<string, unknown> = {};
  for (const [name, variable] of Object.entries(variables) as [VariableName, Variable<unknown>][]) {
    const text = environment[name]?.trim() || variable.default;
    if (text === undefined) continue;
    const result = variable.parse.safeParse(text);
    if (result.success) {
      values[name] = result.data;
    } else {
      const shown = variable.secret || mayHoldPassword.test(text) ? '' : ` (${JSON.stringify(text)})`;
      problems.push(`${name}${shown} ${result.error.issues[0]?.message ?? 'is not valid'}`);
    }
  }
  problems.push(...contradictions(values));
  if (problems.length > 0) {
    throw new UtmqlError(
      'CONFIGURATION',
      `The configuration is wrong:\n${problems.map((problem) => `  - ${problem}`).join('\n')}`,
    );
  }
  return Object.freeze(values) as Config;
}

/** What is wrong with variables that are right alone. */
function contradictions(values: Readonly<Record<string, unknown>>): string[] {
  const problems: string[] = [];
  const host = values.HOST;
  const takesTokens = values.JWT_SECRET !== undefined || values.JWT_JWKS_URL !== undefined;
  if (
    typeof host === 'string' &&
    !loopback.test(host) &&
    !takesTokens &&
    values.API_KEYS_FILE === undefined
  ) {
    problems.push(
      `HOST ("${host}") is open to other machines, and callers need not log in; set API_KEYS_FILE, JWT_SECRET or JWT_JWKS_URL, or use 127.0.0.1`,
    );
  }
  const isOpen = !takesTokens && values.API_KEYS_FILE === undefined;
  if (isOpen && Array.isArray(values.CORS_ORIGINS) && values.CORS_ORIGINS.includes('*')) {
    problems.push(
      'CORS_ORIGINS ("*") lets every web page read everything, since callers need not log in; name the origins',
    );
  }
  if (takesTokens) {
    for (const name of ['JWT_ISSUER', 'JWT_AUDIENCE'] as const) {
      if (values[name] === undefined)
        problems.push(`${name} is not set; without it, tokens that were made for others would be taken`);
    }
  }
  if ((values.COLD_VOLUME === undefined) !== (values.STORAGE_POLICY === undefined)) {
    problems.push('COLD_VOLUME and STORAGE_POLICY need each other: the volume is one of the policy');
  }
  if ((values.SINK_URL === undefined) !== (values.SINK_SECRET === undefined)) {
    problems.push('SINK_URL and SINK_SECRET need each other: what is exported is signed');
  }
  if ((values.ALERTS_WEBHOOK_URL === undefined) !== (values.ALERTS_WEBHOOK_SECRET === undefined)) {
    problems.push('ALERTS_WEBHOOK_URL and ALERTS_WEBHOOK_SECRET need each other: alerts are signed');
  }
  if (values.ALERTS_FILE !== undefined && values.ALERTS_WEBHOOK_URL === undefined) {
    problems.push('ALERTS_FILE needs ALERTS_WEBHOOK_URL, where alerts are posted to');
  }
  if (values.SINK_AFTER === 'run' && values.SINK_URL === undefined) {
    problems.push('SINK_AFTER ("run") needs SINK_URL, where figures are exported to');
  }
  if (values.CLICKHOUSE_CLUSTER !== undefined && values.CLICKHOUSE_URL === undefined) {
    problems.push(
      'CLICKHOUSE_CLUSTER needs CLICKHOUSE_URL, any server of the cluster: utmql’s own server is one alone',
    );
  }
  if (values.CLICKHOUSE_SHARD_URLS !== undefined && values.CLICKHOUSE_CLUSTER === undefined) {
    problems.push(
      'CLICKHOUSE_SHARD_URLS needs CLICKHOUSE_CLUSTER, the name of the cluster that the servers form',
    );
  }
  return problems;
}

/**
 * The environment with the values of ENV_FILE over it, as the file is now.
 *
 * @throws UtmqlError CONFIGURATION when there is such a file to be read and it cannot be
 */
export async function readEnvironment(environment: Environment): Promise<Environment> {
  const file = environment.ENV_FILE?.trim();
  if (!file) return environment;
  try {
    return { ...environment, ...parseEnv(await readFile(file, 'utf8')), ENV_FILE: file };
  } catch (cause) {
    const code = cause instanceof Error && 'code' in cause ? String(cause.code) : 'error';
    throw new UtmqlError(
      'CONFIGURATION',
      `ENV_FILE (${JSON.stringify(file)}) cannot be read (${code}). Make it readable, or unset ENV_FILE.`,
      { cause },
    );
  }
}
