import { readKeysFile } from '../access/keys-file.ts';
import { alertsOf } from '../alerts/open-alerts.ts';
import type { Config } from '../config/config.ts';
import type { Settings } from '../config/reload.ts';
import { openPersistedDocuments } from '../http/persisted-documents.ts';
import { isOwnMeasure } from '../metrics/registry.ts';
import { defaultRollupSets } from '../metrics/rollups/sets.ts';
import { readModelFile } from '../model/model-file.ts';
import { readRollupSets } from '../rollups/rollups-file.ts';
import { schedulesNotRun } from '../sources/scheduler.ts';
import { readSourcesFile } from '../sources/settings/sources-file.ts';
import { type Finding, findingOf, findingsOf } from './finding.ts';
import { findMissingFiles } from './source-files.ts';

/** The files that the configuration names. Those that it does not name have no finding. */
export async function checkFiles(settings: Settings): Promise<Finding[]> {
  const { config } = settings;
  const { SOURCES_FILE: sources, PERSISTED_MANIFEST: manifest, API_KEYS_FILE: keys } = config;
  const { ROLLUPS_FILE: rollups, MODEL_FILE: model } = config;
  const checks: Promise<Finding | readonly Finding[]>[] = [];
  if (sources !== undefined) checks.push(findingsOf('SOURCES_FILE', () => checkSources(sources, settings)));
  if (manifest !== undefined) {
    checks.push(
      findingOf('PERSISTED_MANIFEST', async () => {
        await openPersistedDocuments({ trustedOnly: true, automatic: false, manifestFile: manifest });
        return { state: 'ok', what: 'PERSISTED_MANIFEST', text: `${manifest} can be read.` };
      }),
    );
  }
  if (rollups !== undefined) {
    checks.push(
      findingOf('ROLLUPS_FILE', async () => {
        const sets = await readRollupSets(rollups);
        const own = counted(sets.length - defaultRollupSets.length, 'set');
        return { state: 'ok', what: 'ROLLUPS_FILE', text: `${rollups} has ${own} of dimensions.` };
      }),
    );
  }
  if (model !== undefined) {
    checks.push(
      findingOf('MODEL_FILE', async () => {
        const { aliases, dimensions, catalogue } = await readModelFile(model);
        const count = Object.values(aliases).reduce((sum, names) => sum + names.size, 0);
        const measures = catalogue.measures.filter(isOwnMeasure).length;
        const named = count === 1 ? '1 alias' : `${count} aliases`;
        const text = `${model} has ${named}, ${counted(dimensions.size, 'dimension')} and ${counted(measures, 'measure')}.`;
        return { state: 'ok', what: 'MODEL_FILE', text };
      }),
    );
  }
  const { ALERTS_FILE: alerts } = config;
  if (alerts !== undefined) {
    checks.push(
      findingOf('ALERTS_FILE', async () => {
        const { length } = await alertsOf(config);
        return { state: 'ok', what: 'ALERTS_FILE', text: `${alerts} has ${counted(length, 'alert')}.` };
      }),
    );
  }
  if (keys !== undefined) checks.push(findingOf('API_KEYS_FILE', () => checkKeys(keys, config)));
  return (await Promise.all(checks)).flat();
}

async function checkSources(file: string, { config, environment }: Settings): Promise<Finding[]> {
  const taken = [...(config.ADS_API_URL ? ['ads'] : []), ...(config.CRM_API_URL ? ['crm'] : [])];
  const { sources, mappings } = await readSourcesFile(file, environment, taken);
  const beside = mappings.length === 0 ? '' : ` and ${counted(mappings.length, 'mapping')}`;
  const text = `${file} has ${counted(sources.length, 'source')}${beside}.`;
  const unscheduled =
    config.SCHEDULER === 'off' ? schedulesNotRun(sources.map((source) => source.settings)) : undefined;
  return [
    { state: 'ok', what: 'SOURCES_FILE', text },
    ...(await findMissingFiles(file, sources)),
    ...(unscheduled === undefined ? [] : [{ state: 'warn', what: 'SCHEDULER', text: unscheduled } as const]),
  ];
}

async function checkKeys(file: string, config: Config): Promise<Finding> {
  const what = 'API_KEYS_FILE';
  const { length } = await readKeysFile(file);
  if (length > 0 || config.JWT_SECRET !== undefined || config.JWT_JWKS_URL !== undefined)
    return { state: 'ok', what, text: `${file} has ${counted(length, 'key')}.` };
  return {
    state: 'warn',
    what,
    text: `API_KEYS_FILE (${JSON.stringify(file)}) has no key, so nobody can log in. Make one with \`utmql keys create\`.`,
  };
}

const counted = (count: number, what: string): string => `${count} ${what}${count === 1 ? '' : 's'}`;
