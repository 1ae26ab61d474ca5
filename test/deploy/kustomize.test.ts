import { execFile } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
import { parseAllDocuments } from 'yaml';
import { z } from 'zod';
import { commands } from '../../src/cli/commands.ts';
import { readConfig } from '../../src/config/config.ts';
import { imageEnvironment, knownVariables, readText, readYaml } from '../support/deploy.ts';

const folder = fileURLToPath(new URL('../../deploy/kubernetes/', import.meta.url));
const [kustomization] = z
  .tuple([
    z.strictObject({
      apiVersion: z.literal('kustomize.config.k8s.io/v1beta1'),
      kind: z.literal('Kustomization'),
      resources: z.array(z.string()),
      images: z.array(z.strictObject({ name: z.string(), newTag: z.string() })),
    }),
  ])
  .parse(readYaml('deploy/kubernetes/kustomization.yaml'));

const reference = z.strictObject({ name: z.string(), optional: z.boolean().optional() });
const podSpec = z.object({
  containers: z.array(
    z.object({
      name: z.string(),
      image: z.string(),
      command: z.array(z.string()).optional(),
      envFrom: z
        .array(z.strictObject({ configMapRef: reference.optional(), secretRef: reference.optional() }))
        .default([]),
      env: z.array(
        z.object({
          name: z.string(),
          value: z.string().optional(),
          valueFrom: z.object({ secretKeyRef: reference.extend({ key: z.string() }).optional() }).optional(),
        }),
      ),
      volumeMounts: z.array(z.object({ name: z.string() })).default([]),
    }),
  ),
  volumes: z
    .array(
      z.object({
        name: z.string(),
        configMap: reference.optional(),
        secret: z
          .object({ secretName: z.string(), items: z.array(z.object({ key: z.string() })) })
          .optional(),
      }),
    )
    .default([]),
});
const metadata = z.object({ name: z.string() });
const template = z.object({ template: z.object({ spec: podSpec }) });
const document = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('ConfigMap'), metadata, data: z.record(z.string(), z.string()) }),
  z.object({
    kind: z.literal('StatefulSet'),
    metadata,
    spec: template.extend({ volumeClaimTemplates: z.array(z.object({ metadata })) }),
  }),
  z.object({
    kind: z.literal('CronJob'),
    metadata,
    spec: z.object({ jobTemplate: z.object({ spec: template }) }),
  }),
  z.object({ kind: z.enum(['Service', 'PodDisruptionBudget']) }),
]);
const documents = kustomization.resources
  .flatMap((file) => readYaml(`deploy/kubernetes/${file}`))
  .map((one) => document.parse(one));
const configMaps = new Map(
  documents.flatMap((one) => (one.kind === 'ConfigMap' ? [[one.metadata.name, one.data] as const] : [])),
);
const workloads = documents.flatMap((one) => {
  if (one.kind === 'StatefulSet') {
    const claims = one.spec.volumeClaimTemplates.map(({ metadata }) => metadata.name);
    return [{ name: one.metadata.name, pod: one.spec.template.spec, claims }];
  }
  if (one.kind !== 'CronJob') return [];
  return [{ name: one.metadata.name, pod: one.spec.jobTemplate.spec.template.spec, claims: [] }];
});
const manual = readText('docs/operations.md');

it('the base has every file of the folder', () => {
  const files = readdirSync(folder).filter((file) => file !== 'kustomization.yaml');
  expect(kustomization.resources.toSorted()).toEqual(files.toSorted());
});

it('what pods refer to is there, or made as the manual says', () => {
  const [, made = ''] = /create secret generic utmql ([\s\S]*?)\nkubectl/.exec(manual) ?? [];
  const keys = [...made.matchAll(/--from-(?:literal|file)=([\w.-]+)/g)].map(([, key]) => key);
  expect(workloads.map(({ name }) => name)).toEqual(['utmql', 'utmql-ingest', 'utmql-backup']);
  for (const { name, pod, claims } of workloads) {
    for (const { configMap, secret } of pod.volumes) {
      if (configMap) expect(configMaps.has(configMap.name), configMap.name).toBe(true);
      for (const { key } of secret?.items ?? []) expect(keys).toContain(key);
      if (secret) expect(secret.secretName).toBe('utmql');
    }
    for (const { envFrom, env, volumeMounts } of pod.containers) {
      const volumes = [...claims, ...pod.volumes.map((volume) => volume.name)];
      expect(volumeMounts.map((mount) => mount.name).toSorted(), name).toEqual(volumes.toSorted());
      for (const { configMapRef, secretRef } of envFrom) {
        if (configMapRef) expect(configMaps.has(configMapRef.name), configMapRef.name).toBe(true);
        // Sources may need none.
        if (secretRef) expect(secretRef).toEqual({ name: 'utmql-sources', optional: true });
        if (secretRef) expect(manual).toContain(`create secret generic ${secretRef.name} `);
      }
      for (const { valueFrom } of env) {
        if (valueFrom?.secretKeyRef) expect(valueFrom.secretKeyRef.name).toBe('utmql');
        if (valueFrom?.secretKeyRef) expect(keys).toContain(valueFrom.secretKeyRef.key);
      }
    }
  }
});

it('containers of utmql have variables that it knows, with values that it takes', () => {
  const ofUtmql = workloads
    .flatMap(({ pod }) => pod.containers)
    .filter(({ image }) => image.includes('/utmql:'));
  expect(ofUtmql.map(({ command = ['utmql', 'start'] }) => command.slice(0, 2))).toEqual(
    expect.arrayContaining([
      ['utmql', 'start'],
      ['utmql', 'trigger'],
      ['sh', '-c'],
    ]),
  );
  // What triggers runs asks a utmql, and reads no configuration of one.
  const configured = ofUtmql.filter(({ command }) => command?.[1] !== 'trigger');
  expect(configured).toHaveLength(2);
  for (const { image, envFrom, env } of configured) {
    expect(kustomization.images).toContainEqual({ name: image.split(':')[0], newTag: image.split(':')[1] });
    const shared = envFrom.flatMap(({ configMapRef }) =>
      Object.entries(configMaps.get(configMapRef?.name ?? '') ?? {}),
    );
    const values = [
      ...shared,
      ...env.map(({ name, value = 'a secret of thirty-two bytes or more' }) => [name, value]),
    ];
    for (const [name] of values) expect(knownVariables).toContain(name);
    const config = readConfig({ ...imageEnvironment(), ...Object.fromEntries(values) });
    expect(config).toMatchObject({ CLICKHOUSE_URL: 'http://clickhouse:8123', BACKUP_DISK: 'backups' });
  }
});

it('the backup runs a command of the image, under a name that is not taken', () => {
  const backup = workloads.find(({ name }) => name === 'utmql-backup')?.pod.containers[0];
  const [, name = '', options = ''] = /^exec utmql (\S+) (.*)$/.exec(backup?.command?.at(-1) ?? '') ?? [];
  expect(Object.keys(commands)).toContain(name);
  expect(options).toBe('--to "$(date -u +%Y-%m-%dT%H%M%S)"');
});

it('kustomize itself builds the base, and the kustomization of the manual over it', async (context) => {
  const [block = ''] = [...manual.matchAll(/```yaml\n(resources:[\s\S]*?)```/g)].map(([, text]) => text);
  const own = await mkdtemp(join(tmpdir(), 'utmql-kustomize-'));
  const base = relative(own, folder);
  await writeFile(join(own, 'kustomization.yaml'), block.replace('path/to/deploy/kubernetes', base));
  const built = await kustomize(own);
  await rm(own, { recursive: true });
  if (built === undefined) {
    process.stdout.write('kubectl is not installed: the kustomization is not built\n');
    return context.skip();
  }
  const texts = parseAllDocuments(built).map((one) => one.toJS() as unknown);
  expect(texts).toContainEqual(
    expect.objectContaining({
      kind: 'ConfigMap',
      data: {
        CLICKHOUSE_URL: 'http://clickhouse.databases:8123',
        CLICKHOUSE_USER: 'utmql',
        BACKUP_DISK: 's3',
      },
    }),
  );
  expect(built).toContain('image: registry.acme.example/utmql:0.1.0');
  expect(built).not.toContain('image: registry.example.com');
});

/** What `kubectl kustomize` makes of a folder, or why it does not; undefined where this machine has no kubectl. */
function kustomize(path: string): Promise<string | undefined> {
  return new Promise((resolve) => {
    execFile(
      'kubectl',
      ['kustomize', '--load-restrictor=LoadRestrictionsNone', path],
      (error, stdout, stderr) => {
        if (error?.code === 'ENOENT') return resolve(undefined);
        resolve(error === null ? stdout : stderr);
      },
    );
  });
}
