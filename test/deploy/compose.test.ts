import { existsSync } from 'node:fs';
import { basename } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
import { z } from 'zod';
import { readConfig, readEnvironment } from '../../src/config/config.ts';
import { readSourcesFile } from '../../src/sources/settings/sources-file.ts';
import { imageEnvironment, knownVariables, readText, readYaml } from '../support/deploy.ts';

const service = z.strictObject({
  image: z.string(),
  build: z.literal('.').optional(),
  command: z.array(z.string()).optional(),
  environment: z.record(z.string(), z.string()).optional(),
  volumes: z.array(z.string()).optional(),
  ports: z.array(z.string()).optional(),
  secrets: z.array(z.string()).optional(),
  ulimits: z.unknown().optional(),
  healthcheck: z
    .strictObject({
      test: z.array(z.string()),
      interval: z.string(),
      timeout: z.string(),
      retries: z.number(),
    })
    .optional(),
  depends_on: z.union([z.array(z.string()), z.record(z.string(), z.unknown())]).optional(),
  read_only: z.boolean().optional(),
  tmpfs: z.array(z.string()).optional(),
  cap_drop: z.array(z.string()).optional(),
  security_opt: z.array(z.string()).optional(),
  restart: z.literal('unless-stopped'),
  stop_grace_period: z.string().optional(),
});
const [compose] = z
  .tuple([
    z.strictObject({
      name: z.string(),
      services: z.strictObject({
        clickhouse: service,
        utmql: service,
        prometheus: service,
        alertmanager: service,
        grafana: service,
      }),
      secrets: z.record(z.string(), z.strictObject({ environment: z.string() })),
      volumes: z.record(z.string(), z.null()),
    }),
  ])
  .parse(readYaml('docker-compose.yml'));
const services = Object.values(compose.services);
const text = readText('docker-compose.yml');
const withDefaults = (value: string): string => value.replace(/\$\{\w+:-([^}]*)\}/g, '$1');

it('images are pinned, and ports open to this machine alone', () => {
  for (const { image, build, ports = [] } of services) {
    if (build === undefined) expect(image).toMatch(/:v?\d+\.\d+\.\d+$/);
    for (const port of ports) expect(port).toMatch(/^127\.0\.0\.1:/);
  }
});

it('folders, volumes and secrets that services use are there', () => {
  for (const { volumes = [], secrets = [] } of services) {
    for (const [from = ''] of volumes.map((volume) => withDefaults(volume).split(':'))) {
      if (from.startsWith('.'))
        expect(existsSync(new URL(`../../${from}`, import.meta.url)), from).toBe(true);
      else expect(Object.keys(compose.volumes)).toContain(from);
    }
    for (const secret of secrets) expect(Object.keys(compose.secrets)).toContain(secret);
  }
});

it('every variable of utmql is one that it knows, and the values and files are right', async () => {
  const { environment = {} } = compose.services.utmql;
  for (const name of Object.keys(environment)) expect(knownVariables).toContain(name);
  const filledIn = Object.entries(environment).map(([name, value]) => [
    name,
    withDefaults(value.replace(/\$\{\w+:\?[^}]*\}/g, 'a secret of some length')),
  ]);
  // The folder that the container sees is this one.
  const here = (file = ''): string =>
    fileURLToPath(new URL(`../../deploy/config/${basename(file)}`, import.meta.url));
  expect(compose.services.utmql.volumes?.map(withDefaults)).toContain('./deploy/config:/config:ro');
  const given = { ...imageEnvironment(), ...Object.fromEntries(filledIn) };
  const read = await readEnvironment({ ...given, ENV_FILE: here(environment.ENV_FILE) });
  // Open to other containers, as the image has it: it would refuse to start without somebody to ask for a key.
  expect(readConfig(read)).toMatchObject({ HOST: '0.0.0.0', SOURCES_FILE: '/config/sources.yaml' });
  expect(await readSourcesFile(here(read.SOURCES_FILE), read, [])).toEqual({ sources: [], mappings: [] });
});

it('no secret has a default, and .env.example names every variable that is used', () => {
  const used = [...text.matchAll(/\$\{(\w+)(:[?-])?/g)].map(([, name = '', kind]) => ({ name, kind }));
  const named = [...readText('.env.example').matchAll(/^(\w+)=/gm)].map(([, name]) => name);
  for (const { name, kind } of used) {
    if (/PASSWORD|KEY|SECRET/.test(name)) expect(kind, name).toBe(':?');
    expect(named).toContain(name);
  }
  for (const { environment } of Object.values(compose.secrets)) expect(named).toContain(environment);
  const knows = new Set([
    ...used.map(({ name }) => name),
    ...Object.values(compose.secrets).map((one) => one.environment),
  ]);
  expect(named.filter((name) => !knows.has(name ?? ''))).toEqual([]);
  expect(readText('.gitignore').split('\n')).toContain('.env');
});

it('the user of ClickHouse is the one that utmql logs in as, without a password in any file', () => {
  const users = readText('clickhouse/users.d/utmql.xml');
  const { environment = {} } = compose.services.utmql;
  expect(users).toContain(`<${environment.CLICKHOUSE_USER}>`);
  expect(users).toContain('<password from_env="UTMQL_CLICKHOUSE_PASSWORD"/>');
  const logins = users.replace(/<default remove="remove"\/>/, '').split('<users>')[1] ?? '';
  const passwords = [...logins.matchAll(/<password[^>]*>/g)].map(([tag]) => tag);
  // As whom the views for SQL read the tables: from no address can anybody log in.
  const closed = [...logins.matchAll(/<no_password\/>\s*<networks\/>/g)];
  expect(closed).toHaveLength([...logins.matchAll(/<no_password/g)].length);
  expect(passwords.length + closed.length).toBe([...logins.matchAll(/<grants>/g)].length);
  for (const password of passwords) {
    const variable = /^<password from_env="(\w+)"\/>$/.exec(password)?.[1] ?? password;
    expect(compose.services.clickhouse.environment).toHaveProperty(variable);
  }
  for (const [, database] of users.matchAll(/ ON (\w+)\.\*/g))
    expect(database).toBe(environment.CLICKHOUSE_DATABASE);
});
