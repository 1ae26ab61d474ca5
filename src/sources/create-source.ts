import { UtmqlError } from '../errors.ts';
import { leftOut } from '../formats/feed/left-out.ts';
import { isObject } from '../formats/json/parse.ts';
import { toUtf8 } from '../formats/to-utf8.ts';
import { originAndPath } from '../http-client/address.ts';
import { contracts } from '../records/contract.ts';
import { createDayOfInstant } from '../records/day.ts';
import type { OpportunityRules } from '../records/opportunity.ts';
import type { Adapter } from './adapters/adapter.ts';
import { adapters } from './adapters/adapters.ts';
import { createConnection } from './connection.ts';
import type { SourceContext } from './context.ts';
import { filePages } from './file-pages.ts';
import { type HttpPagesOptions, httpPages, readElements } from './http-pages.ts';
import { mapBatches } from './mapping/map-batches.ts';
import { createRecordReading, requiredColumns } from './mapping/record-reading.ts';
import type { FeedPage, PageBody, PagesCall } from './pagination/page.ts';
import { requestPlanOf } from './settings/request-plan.ts';
import type { Secrets } from './settings/secrets.ts';
import type { SourceSettings } from './settings/settings.ts';
import { kindOf } from './settings/settings-checks.ts';
import { paginationOf, totalOf, windowOf } from './settings/settings-pagination.ts';
import { addSettingsSecrets } from './settings/settings-secrets.ts';
import { defaultsByKind, type Source } from './source.ts';

const usualRestatesDays = 7;

/** Creates a source from checked settings. Its errors never contain `secrets`. */
export function createSource(settings: SourceSettings, secrets: Secrets, context: SourceContext): Source {
  const { name } = settings;
  addSettingsSecrets(secrets, settings);
  const adapter = adapters[settings.adapter];
  const kind = kindOf(settings, adapter);
  if (kind === undefined) throw new UtmqlError('CONFIGURATION', `The source ${name} has no kind.`);

  const reading = createRecordReading(settings, {
    kind,
    adapter,
    owner: `source ${name}`,
    folder: context.folder,
    defaults: context.defaults.rules,
  });
  const { rules } = reading;
  const records = settings.records ?? adapter.records ?? contracts[kind].envelope;
  const stream = adapter.read;
  const isArray = stream === undefined || requiresRecordsArray(settings);
  const read = isArray
    ? (page: PageBody) => readElements(page, records)
    : (page: PageBody) => stream(page, { records, csv: reading.csv, hide: secrets.redactQuote });
  const { pages, state, usesSince } =
    settings.url === undefined
      ? pagesOfFiles(settings, context)
      : pagesOverHttp(settings, settings.url, {
          adapter,
          rules,
          secrets,
          context,
          read,
          requiredArrayPath: isArray ? records : undefined,
        });

  async function* withSecretsRedacted<Item>(items: AsyncIterable<Item>): AsyncGenerator<Item> {
    try {
      yield* items;
    } catch (error) {
      throw secrets.redactError(error);
    }
  }

  return {
    name,
    kind,
    workspace: settings.workspace,
    namespace: settings.namespace ?? name,
    formerly: settings.formerly,
    rules,
    reading,
    feed: {
      maxRejects: settings.max_rejects,
      required: requiredColumns(settings, kind, adapter.omitsZeros),
      duplicates: settings.duplicates,
      isGuarded: settings.guard === 'on',
    },
    adapter,
    schedule: settings.schedule,
    restatesDays:
      settings.restates_days ?? context.defaults.restatesDays ?? adapter.restatesDays ?? usualRestatesDays,
    isIncremental: defaultsByKind[kind].isIncremental || usesSince,
    defaultMode: settings.mode ?? defaultsByKind[kind].defaultMode,
    async *pages(call) {
      for await (const page of withSecretsRedacted(pages(call))) {
        yield { ...page, label: secrets.redact(page.label), body: withSecretsRedacted(page.body) };
      }
    },
    reader() {
      const mapOfRun = withoutRollups(reading.map, adapter);
      return async function* (page) {
        await reading.load();
        const body = toUtf8(page.body, settings.encoding);
        yield* mapBatches(withSecretsRedacted(read({ ...page, body })), mapOfRun, reading.spread);
      };
    },
    state,
  };
}

/** Wraps the mapping of one run so that it drops elements that sum up earlier ones. */
function withoutRollups(
  map: ((element: unknown) => unknown) | undefined,
  { createRollupTest }: Adapter,
): ((element: unknown) => unknown) | undefined {
  if (map === undefined || createRollupTest === undefined) return map;
  const isRepeated = createRollupTest();
  return (element) => (isObject(element) && isRepeated(element) ? leftOut : map(element));
}

/** True if the settings say where a page has its records: a page without them there is an error, not a record. */
const requiresRecordsArray = ({ records, pagination }: SourceSettings): boolean =>
  records !== undefined && pagination !== undefined && pagination.none === undefined;

type Pages = Pick<Source, 'state'> & {
  readonly usesSince: boolean;
  pages(call: PagesCall): AsyncIterable<FeedPage>;
};

function pagesOfFiles({ name, files = [] }: SourceSettings, { folder }: SourceContext): Pages {
  return {
    pages: (call) => filePages({ source: name, files, folder }, call),
    state: () => 'closed',
    usesSince: false,
  };
}

function pagesOverHttp(
  settings: SourceSettings,
  url: string,
  parts: {
    adapter: Adapter;
    rules: OpportunityRules;
    secrets: Secrets;
    context: SourceContext;
    read: HttpPagesOptions['read'];
    requiredArrayPath: HttpPagesOptions['requiredArrayPath'];
  },
): Pages {
  const { adapter, rules, secrets, context, read, requiredArrayPath } = parts;
  const plan = requestPlanOf(settings, url, adapter);
  const pagination = paginationOf(settings, adapter, plan);
  const window = windowOf(settings, adapter, plan);
  const totalPath = totalOf(settings, adapter);
  const show = (address: URL): string => secrets.redact(originAndPath(address));
  const connection = createConnection(settings, { plan, adapter, secrets, show, context });
  const dayOf = createDayOfInstant(rules.timezone);
  const options = {
    plan,
    http: connection.http,
    pagination,
    // An adapter that reads a stream detects errors in it itself.
    isBuffered:
      pagination.kind !== 'none' || adapter.read === undefined || (window ?? totalPath) !== undefined,
    window,
    totalPath,
    maxPages: settings.max_pages,
    allowHosts: settings.allow_hosts,
    authParameters: settings.auth?.query ?? {},
    show,
    hide: secrets.redactQuote,
    today: () => dayOf(context.clock.now()),
    read,
    requiredArrayPath,
  };
  return {
    async *pages(call) {
      try {
        yield* httpPages(options, call);
      } catch (error) {
        if (error instanceof UtmqlError && error.code === 'SOURCE_REFUSED') connection.forgetToken();
        throw error;
      }
    },
    state: () => connection.http.state(),
    usesSince: plan.usesSince,
  };
}
