import { Cron } from 'croner';
import type { Problem } from '../../yaml-file/places.ts';
import type { Adapter } from '../adapters/adapter.ts';
import { recordProblems } from '../mapping/record-checks.ts';
import type { SourceKind } from '../mapping/source-kind.ts';
import { hasJsonBody, lastIdPlaceholder, methodOf, templateProblem } from './request-plan.ts';
import type { SourceSettings } from './settings.ts';

/** Keys that apply only to HTTP sources. */
const httpOnly = [
  'method',
  'body',
  'auth',
  'pagination',
  'window',
  'total',
  'rate_limit',
  'timeout_ms',
  'attempts',
  'backfill_days',
  'days_per_request',
] as const;

const headerName = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/;
const headerValue = /^[\t\x20-\x7e\x80-\xff]*$/;

/** Returns the kind of a source: the configured one, or the only one of its adapter. */
export function kindOf({ kind }: SourceSettings, { kinds }: Adapter): SourceKind | undefined {
  return kind ?? (kinds.length === 1 ? kinds[0] : undefined);
}

/** Returns conflicts between the settings of one source, each of which is valid by itself. */
export function checkSettings(settings: SourceSettings, adapter: Adapter): Problem[] {
  const problems: Problem[] = [];
  const report = (path: readonly PropertyKey[], text: string): void => void problems.push({ path, text });
  const kind = kindOf(settings, adapter);

  if (kind === undefined) report(['kind'], `is missing; accepted: ${adapter.kinds.join(', ')}`);
  else if (!adapter.kinds.includes(kind)) {
    report(['kind'], `does not go with the adapter ${adapter.name}; accepted: ${adapter.kinds.join(', ')}`);
  } else {
    problems.push(...recordProblems(settings, kind));
    if (settings.namespace !== undefined && kind !== 'opportunity')
      report(['namespace'], 'has a meaning only for opportunities');
  }

  if ((settings.url === undefined) === (settings.files === undefined))
    report([], 'needs either url or files');
  if (settings.files === undefined) checkHttp(settings, adapter, report);
  else {
    for (const key of httpOnly) if (settings[key] !== undefined) report([key], 'has no meaning for files');
  }
  if (settings.schedule !== undefined) checkSchedule(settings.schedule, report);
  for (const key of ['delimiter', 'skip_rows'] as const) {
    if (settings[key] !== undefined && adapter.read === undefined) {
      report([key], `has no meaning for the adapter ${adapter.name}`);
    }
  }
  if (settings.conversion_event !== undefined && adapter.takesConversionEvent === undefined) {
    report(['conversion_event'], `has no meaning for the adapter ${adapter.name}; meta_insights takes it`);
  }
  if (settings.records !== undefined && adapter.records !== undefined) {
    report(['records'], `has no meaning for the adapter ${adapter.name}, which knows where they are`);
  }
  return problems;
}

type Report = (path: readonly PropertyKey[], text: string) => void;

function checkHttp(settings: SourceSettings, adapter: Adapter, report: Report): void {
  const { url, body, headers, auth, parameters, pagination } = settings;
  const method = methodOf(settings, adapter);
  if (url !== undefined && !isHttpAddress(url)) report(['url'], 'is no http:// or https:// address');
  if (method === 'GET' && body !== undefined) report(['body'], 'goes only with method: POST');
  const templates = { url, body: body?.join(' '), ...prefixed('parameters', parameters) };
  for (const [path, text] of Object.entries(templates)) {
    const problem = text === undefined || text === null ? undefined : templateProblem(text);
    if (problem !== undefined) report(path.split('\0'), problem);
  }
  for (const [name, value] of Object.entries(headers)) {
    if (!headerName.test(name) || !headerValue.test(value)) report(['headers', name], 'is no header of HTTP');
  }
  checkWindow(settings, Object.values(templates).join(' '), report);
  if (auth !== undefined) checkAuth(auth, report);
  if (pagination === undefined) return;
  if (Object.keys(pagination).length !== 1) {
    report(['pagination'], 'has to be one of none, cursor, next_link, page_number, offset, link_header');
  }
  const counted = pagination.cursor ?? pagination.page_number ?? pagination.offset;
  if (counted?.in === 'body' && (method !== 'POST' || !hasJsonBody({ bodies: body ?? ['{}'] }))) {
    report(['pagination'], 'can put its parameter only into the body of a POST that is a JSON object');
  }
}

function checkWindow({ window, adapter }: SourceSettings, templates: string, report: Report): void {
  const isNamed = templates.includes(lastIdPlaceholder);
  if (window?.id !== undefined && !isNamed) {
    report(
      ['window', 'id'],
      `needs ${lastIdPlaceholder} in the url, a parameter or the body: ask for what is greater, sorted by it`,
    );
  }
  if (isNamed && window?.id === undefined) {
    report(
      ['window'],
      `is missing, with the id that ${lastIdPlaceholder} stands for: { limit: 10000, id: id }`,
    );
  }
  if (window !== undefined && adapter === 'csv') report(['window'], 'has no meaning for the adapter csv');
}

function checkAuth(auth: NonNullable<SourceSettings['auth']>, report: Report): void {
  if (Object.keys(auth).length !== 1) {
    report(['auth'], 'has to be one of bearer, basic, header, query, oauth2');
  }
  if (auth.bearer !== undefined && !headerValue.test(auth.bearer)) report(['auth', 'bearer'], 'is no token');
  if (auth.header !== undefined) {
    const { name, value } = auth.header;
    if (!headerName.test(name) || !headerValue.test(value))
      report(['auth', 'header'], 'is no header of HTTP');
  }
  if (auth.oauth2 !== undefined && !isHttpAddress(auth.oauth2.token_url)) {
    report(['auth', 'oauth2', 'token_url'], 'is no http:// or https:// address');
  }
}

function checkSchedule(schedule: string, report: Report): void {
  try {
    new Cron(schedule, { paused: true });
  } catch {
    report(['schedule'], 'is no cron expression such as 0 6 * * * (every day at 6)');
  }
}

function isHttpAddress(text: string): boolean {
  try {
    return ['http:', 'https:'].includes(new URL(text).protocol);
  } catch {
    return false;
  }
}

/** Joins `key` and each name of `values` with \0, for `split`. */
const prefixed = <Value>(key: string, values: Readonly<Record<string, Value>>): Record<string, Value> =>
  Object.fromEntries(Object.entries(values).map(([name, value]) => [`${key}\0${name}`, value]));
