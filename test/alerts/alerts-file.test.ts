import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { readAlertsFile } from '../../src/alerts/alerts-file.ts';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'utmql-alerts-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const read = async (text: string) => {
  const file = join(folder, 'alerts.yaml');
  await writeFile(file, text);
  return readAlertsFile(file, undefined);
};
/** The problems that a file has, without the sentence that names it. */
const problemsOf = async (text: string): Promise<string[]> => {
  const error: unknown = await read(text).catch((thrown: unknown) => thrown);
  if (!(error instanceof Error)) throw new Error('nothing is wrong with it');
  return error.message
    .split('\n')
    .slice(1)
    .map((line) => line.replace(/^ {2}- /, ''));
};
const root = (path: string) => fileURLToPath(new URL(`../../${path}`, import.meta.url));

it('reads the example, and that of the documentation', async () => {
  const alerts = await readAlertsFile(root('alerts.example.yaml'), undefined);
  expect(alerts).toMatchObject([
    {
      name: 'cpa_too_high',
      workspace: 'default',
      measure: 'cpa',
      lastDays: 7,
      comparison: 'above',
      threshold: 50,
    },
    {
      name: 'google_stopped',
      lastDays: 1,
      where: { dimension: 'channel', operator: 'eq', values: ['google_ads'] },
      comparison: 'below',
    },
    { name: 'leads_fall', comparison: 'falls_by', threshold: 0.33 },
    { name: 'brand_cost_jumps', comparison: 'rises_by' },
  ]);
  const page = await readFile(root('docs/alerts.md'), 'utf8');
  expect(await read(/```yaml\n([\s\S]*?)```/.exec(page)?.[1] ?? '')).toHaveLength(2);
});

it('says all that is wrong, where, and what was meant', async () => {
  expect(
    await problemsOf(`alerts:
  - name: CPA
    measure: cpaa
    above: 5
  - name: one
    measure: cost
    above: 1
    below: 2
  - name: one
    mesure: cost
    where: { chanel: google }
    last_days: 0
  - name: two
    measure: closed_won
    falls_by: 1.5
    workspace: "../x"
  - name: three
    measure: roas
    above: "5"
  - []
`),
  ).toEqual([
    'alerts[0].name (line 2): is no name; expected up to 64 of a–z, 0–9, _ and -',
    expect.stringMatching(/^alerts\[0\]\.measure \(line 3\): there is no such measure; did you mean cpa\?/),
    'alerts[1] (line 5): expected only one of above, below, rises_by, falls_by',
    expect.stringMatching(/^alerts\[2\]\.measure \(line 9\): is missing/),
    'alerts[2] (line 9): expected one of above, below, rises_by, falls_by',
    'alerts[2].name (line 9): is the name of another alert; choose another',
    expect.stringMatching(/^alerts\[2\]\.mesure \(line 10\): there is no such key; did you mean measure\?/),
    expect.stringMatching(
      /^alerts\[2\]\.where\.chanel \(line 11\): there is no such field; did you mean channel\?/,
    ),
    'alerts[2].last_days (line 12): expected a whole number of days, 1 to 366',
    'alerts[3].falls_by (line 15): expected a fraction above 0, such as 0.2 for 20 %; nothing falls by 1 or more',
    expect.stringMatching(/^alerts\[3\]\.workspace \(line 16\): is no name of a workspace/),
    'alerts[4].above (line 19): expected a number',
    expect.stringMatching(/^alerts\[5\] \(line 20\): expected an alert with name/),
  ]);
});

it('tells nothing of a file that is another', async () => {
  for (const text of ['password: hunter2', '- hunter2', 'hunter2', '', 'alerts: hunter2'])
    expect(await problemsOf(text)).toEqual(['the file: expected a list named alerts']);
  await expect(readAlertsFile(join(folder, 'none.yaml'), undefined)).rejects.toThrow(
    /^ALERTS_FILE \(.*\): there is no such file/,
  );
});
