import type { Day } from '../records/day.ts';
import { campaigns, type DemoCampaign, sampleDays } from './campaigns.ts';
import type { Random } from './random.ts';

/** One ads row as it ought to be, before anything is spoilt. */
export interface AdsRow {
  readonly day: Day;
  readonly campaign: DemoCampaign;
  readonly source: string;
  readonly content: string;
  readonly term: string;
  readonly adGroupId: string | undefined;
  readonly adId: string | undefined;
  readonly clicks: number;
  readonly impressions: number;
  readonly cost: number;
}

/** What the four channels report: a row a day, campaign that runs and variant; oldest day first. */
export function sampleAds(today: Day, random: Random): AdsRow[] {
  const firstDay = today - sampleDays + 1;
  return Array.from({ length: sampleDays }, (_, index) =>
    campaigns.flatMap((campaign) => {
      const cost = costOf(campaign, index, weekdayOf(firstDay + index));
      if (cost === 0) return [];
      return Array.from({ length: campaign.variants }, (_, variant) =>
        sampleRow(firstDay + index, campaign, variant, cost * shareOf(campaign, variant), random),
      );
    }),
  ).flat();
}

/** The `days` before those of `sampleAds`, with less in them: a row a day and campaign, of one variant after the other. */
export function sampleOlderAds(today: Day, days: number, random: Random): AdsRow[] {
  const firstDay = today - sampleDays + 1;
  return Array.from({ length: days }, (_, past) => past - days)
    .flatMap((index) =>
      campaigns.map((campaign) => {
        const day = firstDay + index;
        const cost = costOf(campaign, index, weekdayOf(day));
        return cost === 0 ? [] : [sampleRow(day, campaign, day % campaign.variants, cost, random)];
      }),
    )
    .flat();
}

/** 1970-01-01 was a Thursday; 0 is Monday. */
const weekdayOf = (day: Day): number => (day + 3) % 7;

/** The first variants are what the platform's optimiser favours: 4 : 3 : 2 or 5 : 4 : 3 : 2. */
const shareOf = ({ variants }: DemoCampaign, variant: number): number =>
  (variants + 1 - variant) / ((variants * (variants + 3)) / 2);

/**
 * The campaign's cost on a day: growth over the half year and by two fifths a year before, a wave of two months, the week,
 * and days to warm up.
 *
 * @param index counted from the first day of the sample data; negative before it
 */
function costOf(campaign: DemoCampaign, index: number, weekday: number): number {
  const { firstDay, lastDay } = campaign;
  const season = ((index % 365) + 365) % 365;
  const isLasting = firstDay === 0 && lastDay === sampleDays - 1;
  if (!isLasting && (season < firstDay || season > lastDay)) return 0;
  const growth = index < 0 ? 0.88 * 1.4 ** (index / 365) : 0.88 + (0.24 * index) / sampleDays;
  const wave = 1 + 0.12 * Math.sin((2 * Math.PI * index) / 61);
  const warmUp = firstDay === 0 ? 1 : Math.min(1, 0.4 + 0.15 * (season - firstDay));
  return campaign.dailyCost * growth * wave * warmUp * (campaign.channel.weekdays[weekday] ?? 1);
}

function sampleRow(
  day: Day,
  campaign: DemoCampaign,
  variant: number,
  usualCost: number,
  random: Random,
): AdsRow {
  const { channel } = campaign;
  const target = usualCost * random.noise(0.16);
  const clicks = Math.round(target / (channel.costPerClick * random.noise(0.12)));
  const impressions = Math.round(clicks / (channel.clickThroughRate * random.noise(0.1)));
  const number = campaign.id.slice(2);
  return {
    day,
    campaign,
    source: channel.sources[variant % channel.sources.length] ?? channel.sources[0],
    content: channel.contents[variant] ?? `variant_${variant}`,
    term: channel.terms[variant] ?? '',
    adGroupId: channel.grain === 'campaign' ? undefined : `G-${number}-${1 + Math.floor(variant / 2)}`,
    adId: channel.grain === 'ad' ? `A-${number}-${1 + variant}` : undefined,
    clicks,
    impressions,
    cost: Math.round(target * 100) / 100,
  };
}
