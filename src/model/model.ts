import { createHash } from 'node:crypto';
import { type Aliases, utmColumns } from './aliases.ts';

/** A team's own words, as MODEL_FILE has them. They are applied when something is asked: nothing that is stored changes. */
export interface Model {
  readonly aliases: Aliases;
  /** Equal for models that say the same. */
  readonly digest: string;
  /** In the keys of queries: a model stands for what it says. */
  toJSON(): string;
}

export function createModel({ aliases }: Pick<Model, 'aliases'>): Model {
  const digest = digestOf(aliases);
  return { aliases, digest, toJSON: () => digest };
}

/** Equal for aliases that say the same, in whatever order. */
function digestOf(aliases: Aliases): string {
  const said = utmColumns.map((column) => [...(aliases[column] ?? [])].sort());
  return createHash('sha256').update(JSON.stringify(said)).digest('base64url');
}
