import { setFlagsFromString } from 'node:v8';

/** How far the old generation may grow beyond what was alive in it when it was last collected, per cent. */
const growthPercent = 50;

/**
 * Has the old generation collected earlier than V8 does by itself, which lets it grow up to fourfold: a part of every
 * request comes into it, so that under load memory would creep up for minutes. V8 looks at this after each collection.
 */
export const boundHeapGrowth = (): void => setFlagsFromString(`--heap-growing-percent=${growthPercent}`);
