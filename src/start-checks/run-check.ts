import { type Config, type Environment, readConfig } from '../config/config.ts';
import { UtmqlError } from '../errors.ts';
import { systemClock } from '../time.ts';
import type { Finding } from './finding.ts';
import { runAllChecks } from './start-checks.ts';

/**
 * `utmql check`: shows what a start would find, and starts nothing.
 *
 * @returns the exit code: 1 when the program could not start
 */
export async function runCheck(environment: Environment): Promise<number> {
  const findings = await findingsOf(environment);
  process.stdout.write(tableOf(findings));
  return findings.some(({ state }) => state === 'fail') ? 1 : 0;
}

async function findingsOf(environment: Environment): Promise<readonly Finding[]> {
  let config: Config;
  try {
    config = readConfig(environment);
  } catch (error) {
    if (!(error instanceof UtmqlError)) throw error;
    return [{ state: 'fail', what: 'configuration', text: error.message }];
  }
  const ok: Finding = {
    state: 'ok',
    what: 'configuration',
    text: 'every variable has a value that it can have.',
  };
  return [ok, ...(await runAllChecks({ config, environment, clock: systemClock }))];
}

/** A line for each finding; what goes on in further lines stays in its column. */
function tableOf(findings: readonly Finding[]): string {
  const width = Math.max(...findings.map(({ what }) => what.length));
  const margin = `\n${' '.repeat(stateWidth + 2 + width + 2)}`;
  return findings
    .map(
      ({ state, what, text }) =>
        `${state.padEnd(stateWidth)}  ${what.padEnd(width)}  ${text.replaceAll('\n', margin)}\n`,
    )
    .join('');
}

const stateWidth = 'warn'.length;
