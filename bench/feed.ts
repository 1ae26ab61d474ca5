import { type Day, formatDay } from '../src/records/day.ts';

const recordsPerBlock = 100_000;

/** Blocks of 100,000 NDJSON records, `count` over `dayCount` days, in the order of time or in none. */
export function* feedBlocks(
  count: number,
  dayCount: number,
  today: Day,
  order: 'time' | 'shuffled' = 'time',
): Generator<Buffer> {
  const perDay = Math.ceil(count / dayCount);
  let lines: string[] = [];
  for (let index = 0; index < count; index++) {
    const campaign = index % 400;
    const random = Math.imul(index, 0x9e3779b1) >>> 0;
    const offset = order === 'time' ? Math.floor(index / perDay) : random % dayCount;
    lines.push(
      `{"date":"${formatDay(today - dayCount + offset)}","campaign_id":"C-${1000 + campaign}","channel":"${['google_ads', 'meta_ads', 'linkedin_ads', 'tiktok_ads'][campaign % 4]}","ad_group_id":"G-${index % 4000}","ad_id":"A-${index}","clicks":${random % 500},"impressions":${(random % 500) * 31},"cost":${(random % 50000) / 100},"currency":"USD","utm_campaign":"campaign_${campaign}","utm_source":"${['google', 'facebook', 'linkedin', 'tiktok'][campaign % 4]}","utm_medium":"cpc","utm_content":"content_${index % 40}","utm_term":"unknown"}\n`,
    );
    if (lines.length === recordsPerBlock || index === count - 1) {
      yield Buffer.from(lines.join(''));
      lines = [];
    }
  }
}
