/** How many days the sample data spans, today included. */
export const sampleDays = 180;
/** How many days the older sample data spans: with the others 26 months, so that each of the last has its year before. */
export const olderDays = 610;

/** What sets one channel apart from the others. Money is in US dollars. */
export interface DemoChannel {
  readonly name: 'google_ads' | 'meta_ads' | 'linkedin_ads' | 'tiktok_ads';
  /** One a variant, in turn. */
  readonly sources: readonly [string, ...string[]];
  readonly medium: string;
  readonly costPerClick: number;
  readonly clickThroughRate: number;
  readonly costPerLead: number;
  /** Share of the leads that are won once their deals have run their course. */
  readonly winRate: number;
  readonly dealSize: number;
  /** Spend by day of the week, Monday first; 0: no ads on that day. */
  readonly weekdays: readonly number[];
  readonly contents: readonly string[];
  readonly terms: readonly string[];
  /** How fine its feed is. */
  readonly grain: 'ad' | 'ad group' | 'campaign';
}

export interface DemoCampaign {
  readonly id: string;
  /** As utm_campaign. */
  readonly name: string;
  readonly channel: DemoChannel;
  readonly dailyCost: number;
  /** Leads for the money, compared with the channel as a whole. */
  readonly efficiency: number;
  /** First and last day it runs, counted from the first day of the sample data; in earlier years, the same days. */
  readonly firstDay: number;
  readonly lastDay: number;
  /** Rows a day. */
  readonly variants: number;
}

/** Name, daily cost, efficiency and, where it does not run all the time, first and last day. */
type CampaignPlan = readonly [
  name: string,
  dailyCost: number,
  efficiency: number,
  firstDay?: number,
  lastDay?: number,
];

const google: DemoChannel = {
  name: 'google_ads',
  sources: ['google'],
  medium: 'cpc',
  costPerClick: 1.85,
  clickThroughRate: 0.046,
  costPerLead: 245,
  winRate: 0.24,
  dealSize: 5_400,
  weekdays: [1.08, 1.1, 1.08, 1.05, 0.97, 0.8, 0.86],
  contents: ['headline_a', 'headline_b', 'responsive_1', 'sitelinks'],
  terms: ['marketing analytics', 'campaign reporting', 'roas calculator', 'ads dashboard'],
  grain: 'ad',
};

const meta: DemoChannel = {
  name: 'meta_ads',
  sources: ['facebook', 'instagram'],
  medium: 'paid_social',
  costPerClick: 0.92,
  clickThroughRate: 0.0125,
  costPerLead: 240,
  winRate: 0.19,
  dealSize: 4_100,
  weekdays: [0.95, 0.96, 0.98, 1, 1.02, 1.08, 1.1],
  contents: ['carousel_1', 'reel_15s', 'single_image', 'story'],
  terms: ['lookalike_1pct', 'interest_marketing', 'site_visitors_30d', 'broad'],
  grain: 'ad',
};

const linkedin: DemoChannel = {
  name: 'linkedin_ads',
  sources: ['linkedin'],
  medium: 'paid_social',
  costPerClick: 6.9,
  clickThroughRate: 0.0058,
  costPerLead: 350,
  winRate: 0.17,
  dealSize: 4_200,
  weekdays: [1.1, 1.15, 1.12, 1.05, 0.85, 0, 0],
  contents: ['document_ad', 'sponsored_post', 'video_30s', 'message_ad'],
  terms: ['cmo', 'head_of_growth', 'marketing_ops', 'company_200_plus'],
  grain: 'campaign',
};

const tiktok: DemoChannel = {
  name: 'tiktok_ads',
  sources: ['tiktok'],
  medium: 'paid_social',
  costPerClick: 0.54,
  clickThroughRate: 0.0088,
  costPerLead: 230,
  winRate: 0.17,
  dealSize: 1_600,
  weekdays: [0.9, 0.92, 0.95, 1, 1.08, 1.15, 1.1],
  contents: ['hook_question', 'ugc_review', 'trend_sound', 'before_after'],
  terms: ['age_18_24', 'age_25_34', 'creators', 'small_business'],
  grain: 'ad group',
};

const plans: readonly (readonly [DemoChannel, readonly CampaignPlan[]])[] = [
  [
    google,
    [
      ['brand_search', 110, 2.1],
      ['generic_search', 320, 0.9],
      ['competitor_search', 180, 0.75],
      ['performance_max', 300, 1],
      ['retargeting_q3', 120, 1.5],
      ['product_comparison', 150, 1.1],
      ['dynamic_search', 140, 0.8],
      ['summer_sale', 220, 1.1, 20, 72],
      ['back_to_school', 260, 1.2, 60, 112],
      ['free_trial', 180, 1.3, 118],
    ],
  ],
  [
    meta,
    [
      ['prospecting_lookalike', 200, 0.9],
      ['prospecting_interest', 170, 0.7],
      ['retargeting_q3', 100, 1.7],
      ['catalog_sales', 140, 1],
      ['video_awareness', 110, 0.45],
      ['lead_gen_ebook', 130, 1.4],
      ['summer_sale', 150, 1.1, 20, 72],
      ['back_to_school', 180, 1.2, 60, 112],
      ['creator_collab', 100, 0.9, 95, 148],
      ['spring_teaser', 140, 0.8, 130, 164],
    ],
  ],
  [
    linkedin,
    [
      ['thought_leadership', 120, 0.6],
      ['abm_enterprise', 190, 1.1],
      ['job_title_marketing', 110, 0.9],
      ['lead_gen_whitepaper', 130, 1.3],
      ['conversation_ads', 90, 0.8],
      ['retargeting_q3', 70, 1.6],
      ['webinar_series', 120, 1.4, 30, 95],
      ['partner_summit', 110, 0.9, 60, 82],
      ['product_launch', 160, 1.1, 100, 152],
      ['customer_stories', 80, 1, 90],
    ],
  ],
  [
    tiktok,
    [
      ['in_feed_awareness', 90, 0.6],
      ['spark_ads', 80, 1.1],
      ['app_install', 70, 0.8],
      ['ugc_testimonials', 60, 1.3],
      ['retargeting_q3', 40, 1.7],
      ['summer_sale', 80, 1.1, 20, 72],
      ['hashtag_challenge', 110, 0.6, 50, 76],
      ['back_to_school', 90, 1.2, 60, 112],
      ['creator_collab', 70, 1, 95, 148],
      ['topview_launch', 130, 0.8, 120, 160],
    ],
  ],
];

/** The campaigns of the sample data: ten a channel, `C-1001` to `C-1040`. Some run all the time, some for some weeks. */
export const campaigns: readonly DemoCampaign[] = plans
  .flatMap(([channel, list]) => list.map((plan) => ({ channel, plan })))
  .map(({ channel, plan: [name, dailyCost, efficiency, firstDay = 0, lastDay = sampleDays - 1] }, index) => ({
    id: `C-${1_001 + index}`,
    name,
    channel,
    dailyCost,
    efficiency,
    firstDay,
    lastDay,
    variants: 3 + (index % 2),
  }));
