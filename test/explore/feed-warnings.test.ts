import { describe, expect, it } from 'vitest';
import type { SourceFreshness } from '../../src/explore/feed-quality.ts';
import { staleSourceWarnings } from '../../src/explore/feed-warnings.ts';
import type { Source } from '../../src/sources/source.ts';

const source = (schedule: string | undefined, timezone = 'UTC') =>
  ({ name: 'ads', schedule, rules: { timezone } }) as Pick<Source, 'name' | 'schedule' | 'rules'>;
const at = (text: string): Date => new Date(`2026-03-${text}Z`);
const ran = (good: string | null, ended = good): SourceFreshness => ({
  source: 'ads',
  lastSucceededAt: good === null ? null : at(good),
  lastFinishedAt: ended === null ? null : at(ended),
  lastStatus: null,
});
const warningsAt = (now: string, schedule: string | undefined, known: SourceFreshness, timezone?: string) =>
  staleSourceWarnings([source(schedule, timezone)], [known], at(now).getTime()).map(({ message }) => message);

describe('a source whose last good run is older than its schedule says', () => {
  const daily = '0 6 * * *';

  it.each([
    ['the run of today has ended', '10T12:00:00', ran('10T06:10:00')],
    ['the run of today has had less than an hour', '10T06:50:00', ran('09T06:10:00')],
    ['somebody has triggered it since', '10T12:00:00', ran('10T09:00:00')],
    ['it has never run: its first run is still to come', '10T12:00:00', ran(null)],
  ])('is none where %s', (_, now, known) => {
    expect(warningsAt(now, daily, known)).toEqual([]);
  });

  it('is told with both instants', () => {
    expect(warningsAt('10T07:00:00', daily, ran('09T06:10:00'))).toEqual([
      'ads had its last good run at 2026-03-09T06:10Z; its schedule (0 6 * * *, UTC) had one at 2026-03-10T06:00Z. Figures may be older than they look.',
    ]);
    expect(warningsAt('10T07:00:00', daily, ran(null, '10T06:01:00'))[0]).toMatch(
      /^ads has not had a good run; /,
    );
    expect(warningsAt('10T06:30:00', daily, ran('08T06:10:00'))[0]).toContain('had one at 2026-03-09T06:00Z');
  });

  it('has half the time until the next run where that is shorter, and its own time zone', () => {
    const quarterly = '*/15 * * * *';
    expect(warningsAt('10T12:05:00', quarterly, ran('10T11:46:00'))).toEqual([]);
    expect(warningsAt('10T12:08:00', quarterly, ran('10T11:46:00'))).toHaveLength(1);
    // Six in Tokyo is 21 o’clock the day before.
    expect(warningsAt('10T12:00:00', daily, ran('09T21:10:00'), 'Asia/Tokyo')).toEqual([]);
    expect(warningsAt('10T12:00:00', daily, ran('09T20:10:00'), 'Asia/Tokyo')).toHaveLength(1);
  });

  it('without a schedule nothing is expected', () => {
    expect(warningsAt('10T12:00:00', undefined, ran('01T06:10:00'))).toEqual([]);
  });
});
