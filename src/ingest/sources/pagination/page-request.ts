import { withParameters } from '../../http/source-address.ts';
import { parseJson } from '../../json/parse.ts';
import { isObject } from '../place.ts';
import type { Place } from './pagination.ts';

/** What is asked for a page. */
export interface PageRequest {
  readonly url: URL;
  readonly body: string | undefined;
  /** `url` was taken from the page before. */
  readonly isPointedTo?: boolean;
}

/** The request with parameters set in its query, or in the JSON object of its body. */
export function placed(
  { url, body }: PageRequest,
  place: Place | undefined,
  parameters: Readonly<Record<string, string | number>>,
): PageRequest {
  if (place !== 'body') {
    const texts = Object.entries(parameters).map(([name, value]) => [name, String(value)]);
    return { url: withParameters(url, Object.fromEntries(texts)), body };
  }
  const object = parseJson(body ?? '{}');
  return { url, body: JSON.stringify({ ...(isObject(object) ? object : {}), ...parameters }) };
}
