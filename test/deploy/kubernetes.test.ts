import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { readConfig, readEnvironment } from '../../src/config/config.ts';
import { readSourcesFile } from '../../src/sources/settings/sources-file.ts';
import { imageEnvironment, knownVariables, readYaml } from '../support/deploy.ts';

const container = z.object({
  image: z.string().regex(/:v?\d+\.\d+\.\d+$/),
  env: z.array(
    z.strictObject({ name: z.string(), value: z.string().optional(), valueFrom: z.unknown().optional() }),
  ),
  resources: z.object({
    requests: z.object({ cpu: z.string(), memory: z.string() }),
    limits: z.object({ memory: z.string() }),
  }),
  securityContext: z.strictObject({
    allowPrivilegeEscalation: z.literal(false),
    readOnlyRootFilesystem: z.literal(true),
    capabilities: z.strictObject({ drop: z.tuple([z.literal('ALL')]) }),
  }),
  volumeMounts: z.array(z.object({ name: z.string(), mountPath: z.string() })).default([]),
});
const podSpec = z.object({
  terminationGracePeriodSeconds: z.number().optional(),
  automountServiceAccountToken: z.literal(false),
  securityContext: z.object({ runAsNonRoot: z.literal(true), runAsUser: z.number().positive() }),
  containers: z.tuple([container.loose()]),
  volumes: z.array(z.object({ name: z.string() })).default([]),
});
const statefulSet = z.object({
  kind: z.literal('StatefulSet'),
  spec: z.object({
    serviceName: z.string(),
    selector: z.object({ matchLabels: z.record(z.string(), z.string()) }),
    template: z.object({
      metadata: z.object({ labels: z.record(z.string(), z.string()) }),
      spec: podSpec,
    }),
    volumeClaimTemplates: z.array(z.object({ metadata: z.object({ name: z.string() }) })),
  }),
});
const cronJob = z.object({
  kind: z.literal('CronJob'),
  spec: z.object({
    concurrencyPolicy: z.literal('Forbid'),
    jobTemplate: z.object({ spec: z.object({ template: z.object({ spec: podSpec }) }) }),
  }),
});
const named = z.object({
  apiVersion: z.string(),
  kind: z.string(),
  metadata: z.object({ name: z.string() }),
});
const documents = ['utmql', 'ingest'].flatMap((name) => readYaml(`deploy/kubernetes/${name}.yaml`));
const ofKind = (kind: string, name?: string): unknown =>
  documents.find((document) => {
    const { kind: its, metadata } = named.parse(document);
    return its === kind && metadata.name === (name ?? metadata.name);
  });

describe('the StatefulSet', () => {
  const { spec } = statefulSet.parse(ofKind('StatefulSet'));
  const pod = spec.template.spec;
  const [utmql] = pod.containers;

  it('sets variables that the program knows', () => {
    for (const { name } of utmql.env) expect(knownVariables).toContain(name);
    const values = utmql.env.map(({ name, value }) => [
      name,
      value ?? 'a secret of thirty-two bytes or more',
    ]);
    expect(() => readConfig({ ...imageEnvironment(), ...Object.fromEntries(values) })).not.toThrow();
  });

  it('names files of the ConfigMap that can be read', async () => {
    const { data } = z
      .object({ data: z.record(z.string(), z.string()) })
      .parse(ofKind('ConfigMap', 'utmql-config'));
    const folder = await mkdtemp(join(tmpdir(), 'utmql-config-'));
    for (const [name, text] of Object.entries(data)) await writeFile(join(folder, name), text);
    const here = (variable: string): string =>
      (utmql.env.find(({ name }) => name === variable)?.value ?? '').replace(/^\/config/, folder);
    expect(utmql.volumeMounts.find(({ mountPath }) => mountPath === '/config')?.name).toBe('config');
    await expect(readEnvironment({ ENV_FILE: here('ENV_FILE') })).resolves.toBeDefined();
    await expect(readSourcesFile(here('SOURCES_FILE'), {}, [])).resolves.toEqual({
      sources: [],
      mappings: [],
    });
    await rm(folder, { recursive: true });
  });

  it('is alive and ready by the program’s own endpoints, and has time to end', () => {
    for (const [probe, path] of [
      ['startupProbe', '/healthz'],
      ['livenessProbe', '/healthz'],
      ['readinessProbe', '/readyz'],
    ] as const)
      expect(utmql[probe]).toMatchObject({ httpGet: { path, port: 'http' } });
    // 5 s of preStop and 15 s of shutdown.
    expect(pod.terminationGracePeriodSeconds).toBeGreaterThanOrEqual(25);
  });

  it('keeps the folder of its buffer, and mounts what it declares', () => {
    const claims = spec.volumeClaimTemplates.map(({ metadata }) => metadata.name);
    const dataDir = utmql.env.find(({ name }) => name === 'DATA_DIR')?.value;
    expect(utmql.volumeMounts.find(({ mountPath }) => mountPath === dataDir)?.name).toBe(claims[0]);
    const mounts = utmql.volumeMounts.map(({ name }) => name);
    expect([...claims, ...pod.volumes.map(({ name }) => name)].sort()).toEqual(mounts.sort());
    expect(spec.template.metadata.labels).toEqual(spec.selector.matchLabels);
    const names = documents.map((document) => named.parse(document).metadata.name);
    expect(names).toContain(spec.serviceName);
    // Else a replica whose ClickHouse is away could not be scraped, and no alert would tell of it.
    expect(ofKind('Service', spec.serviceName)).toMatchObject({ spec: { publishNotReadyAddresses: true } });
  });
});

describe('the CronJob', () => {
  const { spec } = cronJob.parse(ofKind('CronJob'));
  const pod = spec.jobTemplate.spec.template.spec;

  // What its command does, test/trigger shows.
  it('has the image of the StatefulSet, and the key from a Secret', () => {
    const [{ image, env }] = pod.containers;
    expect(image).toBe(statefulSet.parse(ofKind('StatefulSet')).spec.template.spec.containers[0].image);
    expect(env.find(({ name }) => name === 'UTMQL_API_KEY')?.valueFrom).toMatchObject({
      secretKeyRef: { name: 'utmql' },
    });
  });
});
