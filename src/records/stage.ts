/** Stages in order: `lead` < `opportunity` < `closed_won` | `closed_lost`. */
export const stages = ['lead', 'opportunity', 'closed_won', 'closed_lost'] as const;
export type Stage = (typeof stages)[number];

/** The stage of each stage name of a CRM (lower case, words joined by `_`). STAGE_MAP extends it. */
export type StageTable = Readonly<Record<string, Stage>>;

export const defaultStages: StageTable = {
  lead: 'lead',
  new: 'lead',
  open: 'lead',
  subscriber: 'lead',
  mql: 'lead',
  marketing_qualified_lead: 'lead',
  prospecting: 'lead',
  opportunity: 'opportunity',
  qualified: 'opportunity',
  sql: 'opportunity',
  sales_qualified_lead: 'opportunity',
  qualification: 'opportunity',
  discovery: 'opportunity',
  demo: 'opportunity',
  needs_analysis: 'opportunity',
  value_proposition: 'opportunity',
  proposal: 'opportunity',
  negotiation: 'opportunity',
  contract_sent: 'opportunity',
  closed_won: 'closed_won',
  won: 'closed_won',
  customer: 'closed_won',
  closed_lost: 'closed_lost',
  lost: 'closed_lost',
};

/** Returns a stage name as a key of `StageTable`. */
export const stageKey = (text: string): string =>
  text
    .normalize('NFC')
    .trim()
    .toLowerCase()
    .replace(/[\s_\-/]+/g, '_');

/** Maximum number of cached stage names; beyond it the cache is cleared, so that received names do not fill memory. */
const cacheSize = 1_000;

/**
 * Returns a function from a CRM's stage name to its stage, or undefined if the table does not have it. `Closed Won`, `closed-won`
 * and `closedwon` are equal. Results are cached, because a CRM has few stages and many records.
 */
export function createStageReader(table: StageTable): (text: string) => Stage | undefined {
  const known = new Map<string, Stage | undefined>();
  return (text) => {
    if (known.has(text)) return known.get(text);
    const stage = findStage(text, table);
    if (known.size >= cacheSize) known.clear();
    known.set(text, stage);
    return stage;
  };
}

function findStage(text: string, table: StageTable): Stage | undefined {
  const name = stageKey(text);
  const key = [name, name.replace(/^closed(won|lost)$/, 'closed_$1')].find((key) =>
    Object.hasOwn(table, key),
  );
  return key === undefined ? undefined : table[key];
}
