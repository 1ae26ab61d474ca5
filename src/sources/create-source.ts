import { UtmqlError } from '../errors.ts';
import { leftOut } from '../formats/feed/left-out.ts';
import { isObject } from '../formats/json/parse.ts';
import { toUtf8 } from '../formats/to-utf8.ts';
import { shown } from '../http-client/address.ts';
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
import type { Page, PageBody, PagesCall } from './pagination/page.ts';
import { planOf } from './settings/request-plan.ts';
import type { Secrets } from './settings/secrets.ts';
import type { SourceSettings } from './settings/settings.ts';
import { kindOf } from './settings/settings-checks.ts';
import { paginationOf, totalOf, windowOf } from './settings/settings-pagination.ts';
import { type Source, sourceDefaults } from './source.ts';

const usualRestatesDays = 7;

/** A source of settings that were checked. What its errors say is free of `secrets`. */
export function createSource(settings: SourceSettings, secrets: Secrets, context: SourceContext): Source {
  const { name } = settings;
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
  const isArray = stream === undefined || isPagedAt(settings);
  const read = isArray
    ? (page: PageBody) => readElements(page, records)
    : (page: PageBody) => stream(page, { records, csv: reading.csv });
  const { pages, state, namesSince } =
    settings.url === undefined
      ? filesOf(settings, context)
      : overHttp(settings, settings.url, {
          adapter,
          rules,
          secrets,
          context,
          read,
          arrayAt: isArray ? records : undefined,
        });

  async function* guarded<Item>(items: AsyncIterable<Item>): AsyncGenerator<Item> {
    try {
      yield* items;
    } catch (error) {
      throw secrets.hideInError(error);
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
    isIncremental: sourceDefaults[kind].isIncremental || namesSince,
    defaultMode: settings.mode ?? sourceDefaults[kind].defaultMode,
    async *pages(call) {
      for await (const page of guarded(pages(call))) {
        yield { ...page, label: secrets.hide(page.label), body: guarded(page.body) };
      }
    },
    reader() {
      const mapOfRun = withoutRepeats(reading.map, adapter);
      return async function* (page) {
        await reading.load();
        const body = toUtf8(page.body, settings.encoding);
        yield* mapBatches(guarded(read({ ...page, body })), mapOfRun, reading.spread);
      };
    },
    state,
  };
}

/** The mapping of one run, which leaves out what sums up elements before it. */
function withoutRepeats(
  map: ((element: unknown) => unknown) | undefined,
  { repeats }: Adapter,
): ((element: unknown) => unknown) | undefined {
  if (map === undefined || repeats === undefined) return map;
  const isRepeated = repeats();
  return (element) => (isObject(element) && isRepeated(element) ? leftOut : map(element));
}

/** Pages that are told to have their records somewhere: one that has none there is an error and not a record. */
const isPagedAt = ({ records, pagination }: SourceSettings): boolean =>
  records !== undefined && pagination !== undefined && pagination.none === undefined;

type Pages = Pick<Source, 'state'> & {
  readonly namesSince: boolean;
  pages(call: PagesCall): AsyncIterable<Page>;
};

function filesOf({ name, files = [] }: SourceSettings, { folder }: SourceContext): Pages {
  return {
    pages: (call) => filePages({ source: name, files, folder }, call),
    state: () => 'closed',
    namesSince: false,
  };
}

function overHttp(
  settings: SourceSettings,
  url: string,
  parts: {
    adapter: Adapter;
    rules: OpportunityRules;
    secrets: Secrets;
    context: SourceContext;
    read: HttpPagesOptions['read'];
    arrayAt: HttpPagesOptions['arrayAt'];
  },
): Pages {
  const { adapter, rules, secrets, context, read, arrayAt } = parts;
  const plan = planOf(settings, url, adapter);
  const pagination = paginationOf(settings, adapter, plan);
  const window = windowOf(settings, adapter, plan);
  const totalAt = totalOf(settings, adapter);
  const show = (address: URL): string => secrets.hide(shown(address));
  const connection = createConnection(settings, { plan, adapter, secrets, show, context });
  const dayOf = createDayOfInstant(rules.timezone);
  const options = {
    plan,
    http: connection.http,
    pagination,
    // An adapter that reads a stream finds errors in it by itself.
    held: pagination.kind !== 'none' || adapter.read === undefined || (window ?? totalAt) !== undefined,
    window,
    totalAt,
    maxPages: settings.max_pages,
    allowHosts: settings.allow_hosts,
    authParameters: settings.auth?.query ?? {},
    show,
    today: () => dayOf(context.clock.now()),
    read,
    arrayAt,
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
    namesSince: plan.namesSince,
  };
}
