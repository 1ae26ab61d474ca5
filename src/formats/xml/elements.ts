import sax from 'sax';
import { UtmqlError } from '../../errors.ts';
import { isGzipOrHtml, malformedFeedError, wrongFormatError } from '../feed/feed-stage.ts';

/** Most bytes of a document. */
const maxBytes = 64 * 1_048_576;

/** The start of an element, without its namespace prefix. */
interface XmlElement {
  readonly name: string;
  readonly attributes: Readonly<Record<string, string>>;
}

/** The elements that start in one chunk of a body. */
export interface XmlElements {
  readonly elements: readonly XmlElement[];
  readonly bytes: number;
}

/**
 * Streams the elements of an XML document in UTF-8, in the order in which they start. Document type declarations are ignored, and
 * entities that they define are errors.
 *
 * Throws, after the elements before the error: SOURCE_MALFORMED if the body is HTML, not well-formed or longer than 64 MiB (not
 * retryable), or truncated (retryable); whatever `body` throws.
 */
export async function* readXmlElements(body: AsyncIterable<Uint8Array>): AsyncGenerator<XmlElements> {
  const parser = sax.parser(true);
  const decoder = new TextDecoder('utf-8', { fatal: true });
  let found: XmlElement[] = [];
  let failure: Error | undefined;
  let first: Uint8Array | undefined;
  let isRoot = true;
  let total = 0;

  parser.onopentag = ({ name, attributes }) => {
    if (isRoot && name.toLowerCase() === 'html')
      failure ??= wrongFormatError(Buffer.from(first ?? []), 'XML');
    isRoot = false;
    found.push({ name: name.replace(/^.*:/, ''), attributes: attributes as Record<string, string> });
  };
  parser.onerror = (error) => {
    failure ??= error;
  };
  const take = (bytes: number): XmlElements => {
    const elements = found;
    found = [];
    return { elements, bytes };
  };

  for await (const chunk of body) {
    first ??= chunk;
    total += chunk.length;
    if (total > maxBytes) throw malformedFeedError(`The XML is longer than ${maxBytes / 1_048_576} MiB.`);
    parser.write(decode(decoder, chunk, first));
    if (failure !== undefined) throw asFeedError(failure, first);
    yield take(chunk.length);
  }
  parser.close();
  if (failure === undefined) return;
  throw new UtmqlError('SOURCE_MALFORMED', 'The XML ended before the end of its root element.', {
    retryable: true,
  });
}

function decode(decoder: TextDecoder, chunk: Uint8Array, first: Uint8Array): string {
  try {
    return decoder.decode(chunk, { stream: true });
  } catch {
    const start = Buffer.from(first);
    throw isGzipOrHtml(start)
      ? wrongFormatError(start, 'XML')
      : malformedFeedError('The body is not UTF-8 text.');
  }
}

/** The parser's message has lines for the place: the first says what is wrong. */
function asFeedError(failure: Error, first: Uint8Array): Error {
  if (failure instanceof UtmqlError) return failure;
  const [what = '', line = ''] = failure.message.split('\n');
  const start = Buffer.from(first).toString('utf8', 0, 200);
  if (/^\s*<(!doctype html|html)\b/i.test(start)) return wrongFormatError(Buffer.from(start), 'XML');
  return malformedFeedError(
    `The body is not well-formed XML: ${what} (line ${Number(line.replace(/\D/g, '')) + 1}).`,
  );
}
