import { type Day, startOfDay } from '../records/day.ts';
import type { DemoChannel } from './campaigns.ts';
import { createEvenSpread, type Random } from './random.ts';
import type { AdsRow } from './sample-ads.ts';

/** One CRM record as it ought to be, before anything is spoilt. Instants are epoch milliseconds. */
export interface Lead {
  readonly createdAt: number;
  readonly updatedAt: number;
  readonly stage: 'lead' | 'qualified' | 'proposal' | 'closed_won' | 'closed_lost';
  readonly amount: number;
  readonly email: string;
  /** As the web form caught them; undefined where it caught none. */
  readonly utm: {
    readonly campaign?: string | undefined;
    readonly source?: string | undefined;
    readonly medium?: string | undefined;
    readonly content?: string | undefined;
    readonly term?: string | undefined;
  };
}

/** Share of the leads that come in some days after the click, and the mean of those days. */
const lateShare = 0.4;
const lateDays = 7;
/** Share of the leads whose form lost the source or the medium. */
const lossyShare = 0.06;
const organicPerDay = 1.8;
const lossRate = 0.35;
/** Mean length of a deal. */
const cycleDays = 7;

const people = ['ana', 'ben', 'chloe', 'dmitri', 'elif', 'farah', 'gustav', 'hana', 'ivan', 'jun'] as const;
const firms = ['acme', 'bluefin', 'cobalt', 'delta', 'everest', 'fjord', 'granite', 'harbor'] as const;

const organicUtms = [
  { source: 'google', medium: 'organic' },
  { source: 'bing', medium: 'organic' },
  { source: 'newsletter', medium: 'email', campaign: 'weekly_digest' },
  { source: 'partner', medium: 'referral', campaign: 'partner_directory' },
  {},
] as const;

/** Who buys, and for how much. */
type Market = Pick<DemoChannel, 'winRate' | 'dealSize'>;
const organicMarket: Market = { winRate: 0.16, dealSize: 4_800 };

/** The CRM's records of a range of days, oldest first: leads that the ads brought in, and some that nothing paid for did. */
export function sampleLeads(
  { from, to, today }: { readonly from: Day; readonly to: Day; readonly today: Day },
  ads: readonly AdsRow[],
  random: Random,
): Lead[] {
  const leads: Lead[] = [];
  const luck = new Map<Market, () => number>();
  const add = (day: Day, market: Market, utm: Lead['utm']): void => {
    const draw = luck.get(market) ?? createEvenSpread();
    luck.set(market, draw);
    leads.push(sampleLead(day, today, market, draw(), utm, random));
  };
  for (const row of ads) {
    const { channel, efficiency } = row.campaign;
    for (let count = random.poisson((row.cost * efficiency) / channel.costPerLead); count > 0; count--) {
      const day = row.day + (random.next() < lateShare ? 1 + Math.floor(random.exponential(lateDays)) : 0);
      if (day <= to) add(day, channel, paidUtm(row, random));
    }
  }
  for (let day = from; day <= to; day++) {
    for (let count = random.poisson(organicPerDay); count > 0; count--) {
      add(day, organicMarket, random.pick(organicUtms));
    }
  }
  return leads.sort((a, b) => a.createdAt - b.createdAt);
}

function paidUtm(row: AdsRow, random: Random): Lead['utm'] {
  const { name: campaign, channel } = row.campaign;
  const utm = { campaign, source: row.source, medium: channel.medium, content: row.content, term: row.term };
  if (random.next() >= lossyShare) return utm;
  return random.next() < 0.5 ? { ...utm, source: undefined } : { ...utm, medium: undefined };
}

function sampleLead(
  day: Day,
  today: Day,
  market: Market,
  outcome: number,
  utm: Lead['utm'],
  random: Random,
): Lead {
  const createdAt = startOfDay(day) + Math.floor(random.between(6, 22) * 3_600_000);
  const cycle = 1 + random.exponential(cycleDays);
  const { stage, changedAfter } = stageOf(outcome, market.winRate, cycle, today - day);
  const email = `${random.pick(people)}.${Math.floor(random.between(100, 1_000))}@${random.pick(firms)}.example`;
  return {
    createdAt,
    updatedAt: createdAt + Math.floor(changedAfter * 86_400_000),
    stage,
    amount: Math.round((market.dealSize * random.noise(0.35)) / 10) * 10,
    email,
    utm,
  };
}

/** How far a deal has come that will take `cycle` days, `age` days after its start; and when that last changed. */
function stageOf(outcome: number, winRate: number, cycle: number, age: number) {
  const decided = winRate + lossRate;
  if (outcome < decided && age >= cycle) {
    return { stage: outcome < winRate ? 'closed_won' : 'closed_lost', changedAfter: cycle } as const;
  }
  // Those that are never decided stay somewhere on the way: most were never more than a lead.
  const reach = outcome < decided ? 1 : (outcome - decided) / (1 - decided);
  const progress = Math.min(age / cycle, reach);
  if (progress > 0.8) return { stage: 'proposal', changedAfter: 0.8 * cycle } as const;
  if (progress > 0.6) return { stage: 'qualified', changedAfter: 0.6 * cycle } as const;
  return { stage: 'lead', changedAfter: 0 } as const;
}
