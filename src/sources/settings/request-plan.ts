import { UtmqlError } from '../../errors.ts';
import { isObject, parseJson } from '../../formats/json/parse.ts';
import { withParameters } from '../../http-client/address.ts';
import { type Day, formatDay, startOfDay } from '../../records/day.ts';
import type { Adapter } from '../adapters/adapter.ts';
import type { AskedRange } from '../pagination/page.ts';
import type { PageRequest } from '../pagination/pagination.ts';
import type { SourceSettings } from './settings.ts';

/** Values for the placeholders of a template. */
export interface TemplateValues extends AskedRange {
  /** The id after which a search continues. */
  readonly lastId?: string | undefined;
}

/** Suffixes of `since` and `until` in a template. */
const dayFormats: Readonly<Record<string, (day: Day) => string>> = {
  '': formatDay,
  '.year': (day) => formatDay(day).slice(0, 4),
  '.month': (day) => String(Number(formatDay(day).slice(5, 7))),
  '.day': (day) => String(Number(formatDay(day).slice(8))),
  '.ms': (day) => String(startOfDay(day)),
  '.next': (day) => formatDay(day + 1),
  '.next.ms': (day) => String(startOfDay(day + 1)),
};

/** Placeholder of the last id received. */
export const lastIdPlaceholder = '{last_id}';

const placeholder = /\{(since|until)((?:\.\w+)*)\}/g;

/**
 * Replaces `{since}` and `{until}` with `YYYY-MM-DD`; with the suffixes `.year`, `.month`, `.day` (no leading zeros), `.next`
 * (the day after), `.ms` and `.next.ms` (epoch milliseconds of midnight in UTC); and `{last_id}`. Other braces stay.
 *
 * @returns undefined if the template needs a day that is missing
 */
function fillTemplate(text: string, { lastId, ...range }: TemplateValues): string | undefined {
  let requireFilled = true;
  const filled = text.replace(placeholder, (_, end: 'since' | 'until', part: string) => {
    const day = range[end];
    if (day === undefined) requireFilled = false;
    return day === undefined ? '' : (dayFormats[part]?.(day) ?? '');
  });
  if (!requireFilled) return undefined;
  return lastId === undefined ? filled : filled.replaceAll(lastIdPlaceholder, lastId);
}

/** Returns the ends of the range that a template uses. */
const rangeEndsUsedBy = (text: string): ReadonlySet<string> =>
  new Set([...text.matchAll(placeholder)].map(([, end = '']) => end));

/** Returns a sentence about an unknown placeholder; undefined if all are known. */
export function templateProblem(text: string): string | undefined {
  const wrong = [...text.matchAll(placeholder)].find(([, , part = '']) => !Object.hasOwn(dayFormats, part));
  return (
    wrong &&
    `has ${wrong[0]}; accepted: ${Object.keys(dayFormats)
      .map((part) => `{${wrong[1]}${part}}`)
      .join(', ')}`
  );
}

/** The requests of a source, with placeholders for the range. */
export interface RequestPlan {
  readonly source: string;
  readonly method: 'GET' | 'POST';
  readonly url: string;
  /** Query parameters; the values are templates. */
  readonly parameters: Readonly<Record<string, string>>;
  /** One request per body; if empty, one request without a body. */
  readonly bodies: readonly string[];
  /** Whether any template uses the range; if not, the response is the same for every range. */
  readonly usesRange: boolean;
  /** Whether the settings use `{since}`. */
  readonly usesSince: boolean;
  /** Days to request without `since`, `until` included; undefined: such a request has no start. */
  readonly backfillDays: number | undefined;
  /** Longest range of one request, in days. */
  readonly daysPerRequest: number | undefined;
}

export function requestPlanOf(settings: SourceSettings, url: string, adapter: Adapter): RequestPlan {
  const { name, body: bodies = [] } = settings;
  const method = methodOf(settings, adapter);
  const written = Object.entries(settings.parameters);
  const wanted = rangeEndsUsedBy([url, ...bodies, ...written.map(([, text]) => text ?? '')].join(' '));
  const sent = adapter.sendsRange && method === 'GET' ? ['since', 'until'] : [];
  const missing = sent.filter((end) => !wanted.has(end) && !Object.hasOwn(settings.parameters, end));
  return {
    source: name,
    method,
    // The fragment is never sent.
    url: url.replace(/#.*$/s, ''),
    parameters: Object.fromEntries([
      ...written.flatMap(([key, text]) => (text === null ? [] : [[key, text]])),
      ...missing.map((end) => [end, `{${end}}`]),
    ]),
    bodies,
    usesRange: wanted.size + missing.length > 0,
    usesSince: wanted.has('since'),
    backfillDays: settings.backfill_days ?? adapter.backfillDays,
    daysPerRequest: settings.days_per_request ?? adapter.daysPerRequest,
  };
}

/** Returns the method: GET by default if there is no body. */
export const methodOf = ({ method, body }: SourceSettings, adapter: Adapter): 'GET' | 'POST' =>
  method ?? adapter.method ?? (body === undefined ? 'GET' : 'POST');

const anyValues: TemplateValues = { since: 20_000, until: 20_000, lastId: '0' };

/** True if every body is a JSON object after filling its placeholders. */
export const hasJsonBody = ({ bodies }: Pick<RequestPlan, 'bodies'>): boolean =>
  bodies.length > 0 && bodies.every((body) => isObject(parseJson(fillTemplate(body, anyValues) ?? '')));

/**
 * Yields the ranges to request, in order, each at most `daysPerRequest` long. With `backfillDays`, `until` defaults to `today` and
 * `since` to that many days before.
 */
export function* rangesOf(
  plan: RequestPlan,
  { since, until }: AskedRange,
  today: Day,
): Generator<AskedRange> {
  const { backfillDays, daysPerRequest } = plan;
  const last = until ?? (backfillDays === undefined ? undefined : Math.max(today, since ?? today));
  const first =
    since ?? (backfillDays === undefined || last === undefined ? undefined : last - backfillDays + 1);
  if (!plan.usesRange || daysPerRequest === undefined || first === undefined || last === undefined) {
    yield { since: first, until: last };
    return;
  }
  for (let day = first; day <= last; day += daysPerRequest) {
    yield { since: day, until: Math.min(last, day + daysPerRequest - 1) };
  }
}

/** Returns the bodies to send for each range; undefined for a request without a body. */
export const bodiesOf = ({ bodies }: RequestPlan): readonly (string | undefined)[] =>
  bodies.length === 0 ? [undefined] : bodies;

/**
 * Returns the request with its placeholders filled. A parameter that needs a missing day is omitted.
 *
 * @throws UtmqlError CONFIGURATION if the path or the body needs a missing day
 */
export function requestFor(plan: RequestPlan, body: string | undefined, values: TemplateValues): PageRequest {
  const [, path = '', query = ''] = /^([^?]*)\??(.*)$/s.exec(plan.url) ?? [];
  const members = query.split('&').map((member) => fillTemplate(member, values));
  const given = members.filter((member) => member !== undefined && member !== '');
  const url = new URL(whole(plan, 'url', fillTemplate(path, values)));
  // Credentials are sent as a header.
  url.username = '';
  url.password = '';
  url.search = given.join('&');
  const parameters = Object.entries(plan.parameters).map(([name, text]) => [
    name,
    fillTemplate(text, values),
  ]);
  return {
    url: withParameters(url, Object.fromEntries(parameters)),
    body: body === undefined ? undefined : whole(plan, 'body', fillTemplate(body, values)),
  };
}

function whole({ source }: RequestPlan, part: string, filled: string | undefined): string {
  if (filled !== undefined) return filled;
  throw new UtmqlError(
    'CONFIGURATION',
    `The ${part} of source ${source} wants both since and until; trigger it with them, or set backfill_days for it.`,
  );
}
