/** Stages in order: `lead` < `opportunity` < `closed_won` | `closed_lost`. */
export const stages = ['lead', 'opportunity', 'closed_won', 'closed_lost'] as const;
export type Stage = (typeof stages)[number];

/** A CRM's own stage names (normalised: lower case, words joined by `_`) to ours. Configurable by STAGE_MAP. */
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

/** A stage's name as it stands in a `StageTable`. */
export const stageKey = (text: string): string =>
  text
    .normalize('NFC')
    .trim()
    .toLowerCase()
    .replace(/[\s_\-/]+/g, '_');

/** Entries beyond this make the cache start anew: stages from outside must not fill memory. */
const cacheSize = 1_000;

/**
 * Makes the reader of one CRM's stages: undefined for one that the table does not hold. `Closed Won`, `closed-won` and
 * `closedwon` are one stage. What was read before is remembered, since a CRM has few stages and many records.
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
