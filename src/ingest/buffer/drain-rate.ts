const windowMs = 10_000;

/** How fast records have been released lately. */
export interface DrainRate {
  note(records: number): void;
  /** Seconds until so many more are released, 1 to 30. */
  secondsFor(records: number): number;
}

/** @param now milliseconds that only grow */
export function createDrainRate(now: () => number): DrainRate {
  const startedAt = now();
  let releases: { readonly at: number; readonly records: number }[] = [];

  const perSecond = (): number => {
    const at = now();
    releases = releases.filter((release) => at - release.at < windowMs);
    const records = releases.reduce((sum, release) => sum + release.records, 0);
    const seconds = Math.min(windowMs, Math.max(1_000, at - startedAt)) / 1_000;
    return records / seconds;
  };

  return {
    note(records) {
      releases.push({ at: now(), records });
      // Nobody asks while there is room.
      if (releases.length > 1_000) perSecond();
    },
    secondsFor: (records) => Math.min(30, Math.max(1, Math.ceil(records / perSecond()))),
  };
}
