import { readKeysFile } from '../access/keys-file.ts';
import type { Config } from '../config/config.ts';
import type { Settings } from '../config/reload.ts';
import { openPersistedDocuments } from '../http/persisted-documents.ts';
import { defaultRollupSets } from '../metrics/rollups/sets.ts';
import { readRollupSets } from '../rollups/rollups-file.ts';
import { readSourcesFile } from '../sources/settings/sources-file.ts';
import { type Finding, findingOf } from './finding.ts';

/** The files that the configuration names. Those that it does not name have no finding. */
export function checkFiles({ config, environment }: Settings): Promise<Finding[]> {
  const { SOURCES_FILE: sources, PERSISTED_MANIFEST: manifest, API_KEYS_FILE: keys } = config;
  const { ROLLUPS_FILE: rollups } = config;
  const checks: Promise<Finding>[] = [];
  if (sources !== undefined) {
    const taken = [...(config.ADS_API_URL ? ['ads'] : []), ...(config.CRM_API_URL ? ['crm'] : [])];
    checks.push(
      findingOf('SOURCES_FILE', async () => {
        const found = await readSourcesFile(sources, environment, taken);
        const mappings =
          found.mappings.length === 0 ? '' : ` and ${counted(found.mappings.length, 'mapping')}`;
        const text = `${sources} has ${counted(found.sources.length, 'source')}${mappings}.`;
        return { state: 'ok', what: 'SOURCES_FILE', text };
      }),
    );
  }
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
  if (keys !== undefined) checks.push(findingOf('API_KEYS_FILE', () => checkKeys(keys, config)));
  return Promise.all(checks);
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
