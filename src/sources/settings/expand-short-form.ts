import type { Problem } from '../../yaml-file/places.ts';
import type { Adapter } from '../adapters/adapter.ts';
import { accountKeys, credentialNames, type ShortForm } from '../adapters/short-forms/short-form.ts';
import type { FieldPath } from '../mapping/record-mapper.ts';
import type { SourceSettings } from './settings.ts';

const keys = [...accountKeys, 'credentials', 'api_version', 'base_url'] as const;

/** Keys that the adapter supplies for a source with only an account. */
const written = ['url', 'files', 'method', 'body', 'auth'] as const;

/** True if the adapter supplies the address. */
const isShort = (settings: SourceSettings): boolean => keys.some((key) => settings[key] !== undefined);

/**
 * Expands a source with only an account and credentials to complete settings: the adapter's address, query and limits. The
 * source's own settings take precedence.
 *
 * @returns the settings unchanged if they have an address; problems if the account cannot be expanded
 */
export function expandShortForm(
  settings: SourceSettings,
  { name: adapterName, shortForm }: Adapter,
): SourceSettings | readonly Problem[] {
  if (!isShort(settings)) return settings;
  if (shortForm === undefined) {
    return keys
      .filter((key) => settings[key] !== undefined)
      .map((key) => ({ path: [key], text: `has no meaning for the adapter ${adapterName}` }));
  }
  const account = accountOf(settings, shortForm);
  const problems = [
    ...unfitting(settings, shortForm, adapterName),
    ...(account === undefined ? [wrongAccount(settings, shortForm, adapterName)] : []),
    ...credentialProblems(settings, shortForm),
    ...breakdownProblems(settings, shortForm, adapterName),
    ...(shortForm.currency !== undefined && settings.currency === undefined
      ? [{ path: ['currency'], text: `is missing; ${shortForm.currency}` }]
      : []),
  ];
  if (problems.length > 0 || account === undefined) return problems;
  const full = shortForm.expand({
    account,
    credentials: settings.credentials ?? {},
    apiVersion: settings.api_version ?? shortForm.apiVersion,
    baseUrl: settings.base_url ?? shortForm.baseUrl(account),
    reads: pathsIn(settings),
    breakdowns: pathsOf(settings.breakdowns),
  });
  return {
    ...settings,
    url: full.url,
    body: full.body,
    auth: full.auth,
    headers: { ...full.headers, ...settings.headers },
    parameters: { ...full.parameters, ...settings.parameters },
    fields: { ...full.fields, ...settings.fields },
    defaults: { ...full.defaults, ...settings.defaults },
    rate_limit: settings.rate_limit ?? full.rate_limit,
    days_per_request: settings.days_per_request ?? full.days_per_request,
  };
}

const accountOf = (settings: SourceSettings, { account }: ShortForm): string | undefined =>
  account === undefined ? '' : account.read(settings[account.key] ?? '');

function wrongAccount(settings: SourceSettings, { account }: ShortForm, adapterName: string): Problem {
  const { key = 'account', expected = '' } = account ?? {};
  const text = settings[key] === undefined ? 'is missing' : 'is none';
  return { path: [key], text: `${text}; the adapter ${adapterName} expects ${expected}` };
}

/** Returns conflicts between keys. */
function unfitting(settings: SourceSettings, { account }: ShortForm, adapterName: string): Problem[] {
  const wrong = accountKeys.filter((key) => key !== account?.key && settings[key] !== undefined);
  const use = account === undefined ? 'credentials alone' : account.key;
  return [
    ...wrong.map((key) => ({ path: [key], text: `is not for the adapter ${adapterName}; it takes ${use}` })),
    ...written
      .filter((key) => settings[key] !== undefined)
      .map((key) => ({
        path: [key],
        text: `does not go with ${account?.key ?? 'credentials'}, of which the adapter knows it; leave one of them out`,
      })),
  ];
}

function credentialProblems({ credentials = {} }: SourceSettings, shortForm: ShortForm): Problem[] {
  const given = credentialNames.filter((name) => credentials[name] !== undefined);
  const sets = shortForm.credentials;
  const accepted = [...new Set([...sets.flat(), ...(shortForm.optionalCredentials ?? [])])];
  const foreign = given
    .filter((name) => !accepted.includes(name))
    .map((name) => ({
      path: ['credentials', name],
      text: `is none of this platform’s; accepted: ${accepted.join(', ')}`,
    }));
  if (sets.some((set) => set.every((name) => credentials[name] !== undefined))) return foreign;
  const needed = sets.map((set) => set.join(', ')).join('; or ');
  const missing = sets[0]?.filter((name) => credentials[name] === undefined) ?? [];
  const text = sets.length === 1 && given.length > 0 ? `lack ${missing.join(', ')}` : `need ${needed}`;
  return [...foreign, { path: ['credentials'], text }];
}

function breakdownProblems(
  { breakdowns }: SourceSettings,
  { breakdownColumns }: ShortForm,
  adapterName: string,
): Problem[] {
  if (breakdownColumns === undefined) return [];
  const known = breakdownColumns.length === 0 ? 'none' : breakdownColumns.join(', ');
  return Object.entries(breakdowns)
    .filter(([, place]) => pathsOf({ place }).some((path) => !breakdownColumns.includes(path.join('.'))))
    .map(([name]) => ({
      path: ['breakdowns', name],
      text: `is no column of the report that the adapter ${adapterName} asks for by itself (${known}); write the request out in full, with url and parameters`,
    }));
}

const pathsOf = (places: Readonly<Record<string, FieldPath>>): (readonly string[])[] =>
  Object.values(places).flatMap((place) => ('separator' in place ? place.concat : [place]));

/** Returns the paths that a source's settings read, without breakdowns, which platforms take in another parameter. */
function pathsIn(settings: SourceSettings): (readonly string[])[] {
  const { fields, landing_url_field: landing, where, deleted_when: deletedWhen = [] } = settings;
  return [
    ...pathsOf(fields),
    ...pathsOf(settings.extra_measures),
    ...(landing === undefined ? [] : [landing]),
    ...[...where, ...deletedWhen].map(({ place }) => place.path),
  ];
}
