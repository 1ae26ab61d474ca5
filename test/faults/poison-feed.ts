/** A record that must be stored, as it must be stored. */
export interface GoodRecord {
  readonly clicks: number;
  /** Millionths of the currency. */
  readonly costMicros: number;
  readonly utmContent: string;
  readonly extra: string;
}

/** One line of the feed. */
export interface FeedLine {
  readonly text: Buffer;
  readonly campaign: string;
  readonly good: GoodRecord | undefined;
  /** Why it must be rejected; empty for a good one. */
  readonly reason: string;
}

/** The parts of a line that differ from the plain one. */
interface Parts {
  readonly date?: string;
  readonly id?: string;
  readonly cost?: string;
  readonly content?: string;
  readonly more?: string;
}

/** An odd record: what is odd about it, and the reason against it, or what is stored otherwise than of the plain one. */
interface Odd {
  readonly parts: Parts;
  readonly reason?: string;
  readonly stored?: Partial<GoodRecord>;
}

const hugeLineBytes = 10 * 1_048_576;
const emoji = '👩‍🚀';

/** What stands in every hundredth record, in turns. Three of them only look like poison. */
const odds: readonly ((number: number) => Odd)[] = [
  () => ({ parts: { date: '2200-01-01' }, reason: 'date_out_of_range' }),
  (number) => ({
    parts: { id: `12345678901234${String(number).padStart(5, '0')}` },
    reason: 'unsafe_identifier',
  }),
  () => ({ parts: { cost: '1234.567891' }, stored: { costMicros: 1_234_567_891 } }),
  (number) => ({
    parts: { more: `,"placement":"feed ${number}"` },
    stored: { extra: `{"placement":"feed ${number}"}` },
  }),
  (number) => ({
    parts: { content: `${emoji} ${number}` },
    stored: { utmContent: `${emoji} ${number}` },
  }),
];

/**
 * Ads records as NDJSON, a hundredth of them odd, and at even distances some lines of 10 MB. Every line follows from its number,
 * and what must come of it is written down here, not worked out by the program's own rules.
 *
 * @param prefix of the campaigns, so that several feeds do not meet
 */
export function* poisonFeed(records: number, hugeLines: number, prefix: string): Generator<FeedLine> {
  const today = Math.floor(Date.now() / 86_400_000);
  const everyHuge = Math.floor(records / (hugeLines + 1));
  for (let number = 0; number < records; number++) {
    const campaign = `${prefix}${number}`;
    const date = new Date((today - 1 - (number % 20)) * 86_400_000).toISOString().slice(0, 10);
    const clicks = number % 97;
    const cents = (number * 37) % 100_000;
    const cost = `${Math.floor(cents / 100)}.${String(cents % 100).padStart(2, '0')}`;
    const { parts, reason = '', stored } = oddAt(number, hugeLines, everyHuge);
    const text = Buffer.from(
      `{"date":"${parts.date ?? date}","campaign_id":${parts.id ?? `"${campaign}"`},"channel":"google_ads","clicks":${clicks},"impressions":1000,"cost":${parts.cost ?? cost},"utm_content":"${parts.content ?? 'a'}"${parts.more ?? ''}}\n`,
    );
    const good = { clicks, costMicros: cents * 10_000, utmContent: 'a', extra: '', ...stored };
    yield { text, campaign, good: reason === '' ? good : undefined, reason };
  }
}

function oddAt(number: number, hugeLines: number, everyHuge: number): Odd {
  const isHuge = number > 0 && number % everyHuge === 0 && number / everyHuge <= hugeLines;
  if (isHuge)
    return { parts: { more: `,"note":"${'x'.repeat(hugeLineBytes)}"` }, reason: 'record_too_large' };
  const odd = number % 100 === 50 ? odds[Math.floor(number / 100) % odds.length] : undefined;
  return odd?.(number) ?? { parts: {} };
}

/** The feed's bytes in chunks that end in the middle of every emoji, and of whatever else they end in. */
export function* inChunks(lines: Iterable<FeedLine>): Generator<Buffer> {
  const start = Buffer.from(emoji).subarray(0, 2);
  const chunkBytes = 61_987;
  let waiting: Buffer[] = [];
  let size = 0;
  const take = (bytes: Buffer): void => {
    waiting.push(bytes);
    size += bytes.length;
  };
  for (const { text } of lines) {
    const cut = text.indexOf(start);
    take(cut === -1 ? text : text.subarray(0, cut + 2));
    if (cut === -1 && size < chunkBytes) continue;
    yield Buffer.concat(waiting);
    waiting = [];
    size = 0;
    if (cut !== -1) take(text.subarray(cut + 2));
  }
  if (size > 0) yield Buffer.concat(waiting);
}
