import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { dirname, join, normalize } from 'node:path';
import { fileURLToPath } from 'node:url';
import { glob } from 'tinyglobby';
import { expect, it } from 'vitest';

const root = fileURLToPath(new URL('../../', import.meta.url));
const pages = await glob(['*.md', 'docs/*.md', '{src,test}/**/README.md'], { cwd: root });

/** What a page says, without its examples. */
const proseOf = async (page: string): Promise<string> =>
  (await readFile(join(root, page), 'utf8')).replace(/^ *```[\s\S]*?^ *```/gm, '');

/** The anchors that GitHub gives the headings of a page. */
const anchorsOf = async (page: string): Promise<string[]> =>
  [...(await proseOf(page)).matchAll(/^#+ (.*)$/gm)].map(([, heading = '']) =>
    heading
      .toLowerCase()
      .replace(/[^\p{L}\p{N} _-]/gu, '')
      .replaceAll(' ', '-'),
  );

it('links of the documentation lead somewhere', async () => {
  expect(pages).toEqual(expect.arrayContaining(['README.md', 'CONTRIBUTING.md', 'docs/upgrading.md']));
  const broken: string[] = [];
  for (const page of pages) {
    for (const [, target = ''] of (await proseOf(page)).matchAll(/\]\(([^)\s]+)\)/g)) {
      if (/^\w+:/.test(target)) continue;
      const [path = '', anchor] = target.split('#');
      const file = path === '' ? page : normalize(join(dirname(page), path));
      const leads =
        existsSync(join(root, file)) &&
        (anchor === undefined || !file.endsWith('.md') || (await anchorsOf(file)).includes(anchor));
      if (!leads) broken.push(`${page}: ${target}`);
    }
  }
  expect(broken).toEqual([]);
});

it('every page of docs is one that README leads to', async () => {
  const readme = await proseOf('README.md');
  expect(pages.filter((page) => page.startsWith('docs/') && !readme.includes(`](${page}`))).toEqual([]);
});
