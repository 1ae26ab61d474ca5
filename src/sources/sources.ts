import { dirname } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import type { SourceOutcome } from '../http-client/http-source.ts';
import type { Network } from '../http-client/source-dispatchers.ts';
import type { Clock } from '../time.ts';
import type { SourceContext } from './context.ts';
import { createSource } from './create-source.ts';
import type { NamedMapping } from './mapping/named-mapping.ts';
import type { SourceKind } from './mapping/source-kind.ts';
import type { RefreshTokens } from './refresh-tokens.ts';
import { createSecrets } from './settings/secrets.ts';
import { sourceSettings } from './settings/settings.ts';
import { readSourcesFile, type SourcesFile } from './settings/sources-file.ts';
import type { Source } from './source.ts';

export interface OpenSourcesOptions {
  /** Path of the YAML file (docs/sources.md). */
  readonly file: string | undefined;
  /** Addresses of a source `ads` and a source `crm` without other settings. */
  readonly adsUrl: string | undefined;
  readonly crmUrl: string | undefined;
  /** Where `${VAR}` of the file is looked up. */
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** Settings of sources without their own. */
  readonly defaults: SourceContext['defaults'];
  readonly metrics?: { onRequest(source: string, outcome: SourceOutcome, seconds: number): void };
  /** Default: that of this machine. */
  readonly network?: Network | undefined;
  readonly clock: Clock;
  readonly refreshTokens: RefreshTokens;
  /**
   * Sources created earlier; new ones are added. An unchanged source is reused, with its circuit breaker, rate limit and token.
   */
  readonly made?: MadeSource[];
}

interface MadeSource {
  readonly from: unknown;
  readonly source: Source;
}

/** The configured sources, and the mappings that pushes can name. */
export interface Feeds {
  readonly sources: readonly Source[];
  readonly mappings: readonly NamedMapping[];
  /** Base folder of look-up files. */
  readonly folder: string;
}

/**
 * Reads the settings of all configured sources, and the mappings.
 *
 * @throws UtmqlError CONFIGURATION that lists every problem of the file
 */
export async function listFeeds({
  file,
  adsUrl,
  crmUrl,
  environment,
}: Pick<OpenSourcesOptions, 'file' | 'adsUrl' | 'crmUrl' | 'environment'>): Promise<SourcesFile> {
  const plain = (name: string, kind: SourceKind, url: string | undefined) =>
    url === undefined
      ? []
      : [{ settings: sourceSettings.parse({ name, kind, url }), secrets: createSecrets() }];
  const short = [...plain('ads', 'ad_performance', adsUrl), ...plain('crm', 'opportunity', crmUrl)];
  const taken = short.map(({ settings }) => settings.name);
  const { sources, mappings } =
    file === undefined ? { sources: [], mappings: [] } : await readSourcesFile(file, environment, taken);
  return { sources: [...short, ...sources], mappings };
}

/**
 * Creates all configured sources without sending requests.
 *
 * @throws UtmqlError CONFIGURATION that lists every problem of the file
 */
export async function openSources(options: OpenSourcesOptions): Promise<Feeds> {
  const { file, defaults, metrics, network, clock, refreshTokens, made = [] } = options;
  const context = { folder: dirname(file ?? '.'), defaults, metrics, network, clock, refreshTokens };
  const listed = await listFeeds(options);
  const sources = listed.sources.map(({ settings, secrets }) => {
    const from = { settings, folder: context.folder, defaults };
    const known = made.find((before) => isDeepStrictEqual(before.from, from));
    if (known) return known.source;
    const source = createSource(settings, secrets, context);
    made.push({ from, source });
    return source;
  });
  return { sources, mappings: listed.mappings, folder: context.folder };
}
