import { existsSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { readText } from '../support/deploy.ts';

const instructions = readText('Dockerfile')
  .replace(/\\\n/g, ' ')
  .split('\n')
  .filter((line) => line.trim() !== '' && !line.startsWith('#'))
  .map((line) => {
    const [, name = '', rest = ''] = /^(\w+)\s+(.*)$/.exec(line) ?? [];
    return { name, rest };
  });
const all = (name: string): string[] =>
  instructions.filter((one) => one.name === name).map(({ rest }) => rest);
const lastStage = instructions.slice(instructions.findLastIndex(({ name }) => name === 'FROM'));
const last = (name: string): string | undefined => lastStage.findLast((one) => one.name === name)?.rest;
const here = (path: string): boolean => existsSync(new URL(`../../${path}`, import.meta.url));

describe('the image', () => {
  it('is of pinned images of one version', () => {
    const bases = all('FROM').map((rest) => rest.split(' ')[0] ?? '');
    expect(new Set(bases).size).toBe(1);
    for (const base of bases) expect(base).toMatch(/^node:22\.\d+\.\d+-\w+-slim$/);
  });

  it('runs as a user without rights, ends by SIGTERM to the program itself, and tells whether it is alive', () => {
    expect(last('USER')).toBe('node');
    expect(last('STOPSIGNAL')).toBe('SIGTERM');
    expect(JSON.parse(last('CMD') ?? '')).toEqual(['utmql', 'start']);
    expect(all('RUN').at(-1)).toContain(
      'chmod +x dist/main.js && ln -s /app/dist/main.js /usr/local/bin/utmql ',
    );
    expect(last('HEALTHCHECK')).toContain('/healthz');
    expect(last('VOLUME')).toBe('/data');
    expect(last('ENV')).toContain('DATA_DIR=/data');
  });

  it('copies what is there, and the build is given all of it', () => {
    const ignored = readText('.dockerignore')
      .split('\n')
      .filter((line) => line.startsWith('!'))
      .map((line) => line.slice(1));
    const sources = all('COPY')
      .filter((rest) => !rest.startsWith('--from'))
      .flatMap((rest) => rest.split(' ').slice(0, -1));
    for (const source of sources) {
      expect(here(source), source).toBe(true);
      expect(ignored).toContain(source);
    }
    expect(ignored.toSorted()).toEqual(sources.toSorted());
  });

  it('leaves out the embedded engine and nothing else', () => {
    const { optionalDependencies, dependencies } = JSON.parse(readText('package.json')) as Record<
      string,
      object
    >;
    for (const name of Object.keys(optionalDependencies ?? {})) expect(name).toMatch(/^@chdb\//);
    // The buffer locks its folder through it; npm's --omit=optional would leave its native part out.
    expect(dependencies).toHaveProperty('ffi-rs');
    expect(readText('Dockerfile')).toContain('npm pkg delete optionalDependencies');
    expect(readText('Dockerfile')).not.toContain('omit=optional');
  });
});
