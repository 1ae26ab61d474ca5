import { setTimeout as delay } from 'node:timers/promises';
import type { Settings } from '../config/reload.ts';
import { UtmqlError } from '../errors.ts';
import type { Logger } from '../logger.ts';
import type { Clock } from '../time.ts';
import { ClickHouseUnavailable, createClickHouseCheck } from './clickhouse.ts';
import { checkDataFolder } from './data-folder.ts';
import { checkFiles } from './files.ts';
import type { Finding } from './finding.ts';
import { checkPort } from './port.ts';

/** How often a ClickHouse that is away is asked again, and how often that is told. */
const retryEveryMs = 500;
const logEveryMs = 5_000;

export interface StartChecksOptions extends Settings {
  readonly clock: Clock;
  /** Ends the waiting. */
  readonly signal?: AbortSignal;
}

/** Looks once at everything that a start needs. */
export async function runAllChecks(options: StartChecksOptions): Promise<readonly Finding[]> {
  const around = await checkLocal(options);
  return [...around, ...(await findInClickHouse(options, 0, () => undefined))];
}

/**
 * Looks at everything that a start needs, and waits for a ClickHouse that is away where that is all that is missing. Logs what
 * somebody should know.
 *
 * @throws UtmqlError CONFIGURATION that says all that is wrong, and what to do
 */
export async function checkStart(options: StartChecksOptions & { readonly logger: Logger }): Promise<void> {
  const { config, logger } = options;
  const around = await checkLocal(options);
  // Somebody has to change something: waiting would only keep them from hearing of it.
  const waitMs = around.some(({ state }) => state === 'fail') ? 0 : config.STARTUP_TIMEOUT_MS;
  const inClickHouse = await findInClickHouse(options, waitMs, (reason, leftMs) => {
    logger.warn({ reason, secondsLeft: Math.round(leftMs / 1_000) }, 'waiting for ClickHouse');
  });
  const findings = [...around, ...inClickHouse];
  for (const { state, what, text } of findings)
    if (state === 'warn') logger.warn({ check: what, reason: text }, 'a check at the start found something');
  const problems = findings.filter(({ state }) => state === 'fail').map(({ text }) => text);
  if (problems.length > 0) throw new UtmqlError('CONFIGURATION', inOneScreen(problems));
}

/** What can be known without ClickHouse. */
async function checkLocal(options: StartChecksOptions): Promise<Finding[]> {
  const { config } = options;
  const [folder, port, files] = await Promise.all([
    checkDataFolder(config),
    checkPort(config),
    checkFiles(options),
  ]);
  return [folder, port, ...files];
}

async function findInClickHouse(
  options: StartChecksOptions,
  waitMs: number,
  onAway: (reason: string, leftMs: number) => void,
): Promise<readonly Finding[]> {
  const { clock, signal } = options;
  const check = createClickHouseCheck(options, clock);
  const started = performance.now();
  let told = Number.NEGATIVE_INFINITY;
  try {
    for (;;) {
      try {
        return await check.findings();
      } catch (error) {
        if (!(error instanceof ClickHouseUnavailable)) throw error;
        const leftMs = started + waitMs - performance.now();
        if (leftMs <= 0) return [{ state: 'fail', what: 'ClickHouse', text: afterWaiting(error, waitMs) }];
        if (performance.now() - told >= logEveryMs) {
          told = performance.now();
          onAway(error.message, leftMs);
        }
        await delay(Math.min(retryEveryMs, leftMs), undefined, signal && { signal });
      }
    }
  } finally {
    await check.close();
  }
}

const afterWaiting = ({ message }: ClickHouseUnavailable, waitMs: number): string =>
  waitMs === 0
    ? message
    : `${message} utmql waited ${waitMs / 1_000} s for it; STARTUP_TIMEOUT_MS says how long it does.`;

const inOneScreen = (problems: readonly string[]): string =>
  problems.length === 1
    ? problems.join('')
    : `utmql cannot start, for ${problems.length} reasons:\n${problems.map((problem) => `  - ${problem.replaceAll('\n', '\n    ')}`).join('\n')}`;
