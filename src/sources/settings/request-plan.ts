import { UtmqlError } from '../../errors.ts';
import { isObject, parseJson } from '../../formats/json/parse.ts';
import { withParameters } from '../../http-client/address.ts';
import { type Day, formatDay, startOfDay } from '../../records/day.ts';
import type { Adapter } from '../adapters/adapter.ts';
import type { AskedRange } from '../pagination/page.ts';
import type { PageRequest } from '../pagination/pagination.ts';
import type { SourceSettings } from './settings.ts';

/** What a template is filled with. */
export interface TemplateValues extends AskedRange {
  /** Behind which id a search goes on. */
  readonly lastId?: string | undefined;
}

/** What may stand behind `since` and `until` in a template. */
const dayFormats: Readonly<Record<string, (day: Day) => string>> = {
  '': formatDay,
  '.year': (day) => formatDay(day).slice(0, 4),
  '.month': (day) => String(Number(formatDay(day).slice(5, 7))),
  '.day': (day) => String(Number(formatDay(day).slice(8))),
  '.ms': (day) => String(startOfDay(day)),
  '.next': (day) => formatDay(day + 1),
  '.next.ms': (day) => String(startOfDay(day + 1)),
};

/** Stands for the last id that came. */
export const lastIdPlaceholder = '{last_id}';

const placeholder = /\{(since|until)((?:\.\w+)*)\}/g;

/**
 * `text` with `{since}` and `{until}` as `YYYY-MM-DD`; also `.year`, `.month`, `.day` (without leading zeros), `.next` (the day
 * after), and `.ms` and `.next.ms` (epoch milliseconds of midnight in UTC); and with `{last_id}`. Other braces stay.
 *
 * @returns undefined where it wants a day that is not given
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

/** Which ends of the range a template wants. */
const rangeEndsUsedBy = (text: string): ReadonlySet<string> =>
  new Set([...text.matchAll(placeholder)].map(([, end = '']) => end));

/** A sentence about a placeholder that there is not; undefined when all are right. */
export function templateProblem(text: string): string | undefined {
  const wrong = [...text.matchAll(placeholder)].find(([, , part = '']) => !Object.hasOwn(dayFormats, part));
  return (
    wrong &&
    `has ${wrong[0]}; accepted: ${Object.keys(dayFormats)
      .map((part) => `{${wrong[1]}${part}}`)
      .join(', ')}`
  );
}

/** What a source is asked, with templates for the range. */
export interface RequestPlan {
  readonly source: string;
  readonly method: 'GET' | 'POST';
  readonly url: string;
  /** Query parameters; the values are templates. */
  readonly parameters: Readonly<Record<string, string>>;
  /** What is sent: a request for each, and one without a body where there is none. */
  readonly bodies: readonly string[];
  /** Whether any template wants a day: if not, every range is answered alike. */
  readonly usesRange: boolean;
  /** Whether the settings themselves say where `since` goes. */
  readonly usesSince: boolean;
  /** How many days to ask for, the last one included, where nobody says since when; undefined: such a call is left open. */
  readonly backfillDays: number | undefined;
  /** The longest range that is asked for at once. */
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
    // What stands behind a # is the browser's.
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

/** GET where nothing else is said and there is no body to send. */
export const methodOf = ({ method, body }: SourceSettings, adapter: Adapter): 'GET' | 'POST' =>
  method ?? adapter.method ?? (body === undefined ? 'GET' : 'POST');

const anyValues: TemplateValues = { since: 20_000, until: 20_000, lastId: '0' };

/** Whether it sends objects of JSON, once the templates are filled. */
export const hasJsonBody = ({ bodies }: Pick<RequestPlan, 'bodies'>): boolean =>
  bodies.length > 0 && bodies.every((body) => isObject(parseJson(fillTemplate(body, anyValues) ?? '')));

/**
 * The ranges to ask for, one after the other. With `backfillDays`, a missing end of the range is made up: until `today`, and
 * so many days in all.
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

/** What is sent for each range: one body after the other, or none. */
export const bodiesOf = ({ bodies }: RequestPlan): readonly (string | undefined)[] =>
  bodies.length === 0 ? [undefined] : bodies;

/**
 * What to ask for. A parameter whose template wants a day that is not given is left out.
 *
 * @throws UtmqlError CONFIGURATION where the path or the body wants such a day
 */
export function requestFor(plan: RequestPlan, body: string | undefined, values: TemplateValues): PageRequest {
  const [, path = '', query = ''] = /^([^?]*)\??(.*)$/s.exec(plan.url) ?? [];
  const members = query.split('&').map((member) => fillTemplate(member, values));
  const given = members.filter((member) => member !== undefined && member !== '');
  const url = new URL(whole(plan, 'url', fillTemplate(path, values)));
  // Credentials go as a header.
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
