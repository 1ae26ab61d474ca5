import { createServer } from 'node:net';
import { type Config, readConfig } from '../config/config.ts';

type DemoEnvironment = Readonly<Record<string, string | undefined>>;

/** Whether a variable is set; an empty one counts as not set, as everywhere. */
export const isSet = (environment: DemoEnvironment, name: string): boolean =>
  (environment[name] ?? '').trim() !== '';

/**
 * The configuration of the demo: what the environment says, but for the sources, which are the demo's own; quieter, and in
 * a database of its own, so that sample data never mixes with what is real.
 *
 * @throws UtmqlError CONFIGURATION
 */
export function readDemoConfig(environment: DemoEnvironment): Config {
  const own = { LOG_LEVEL: 'warn', CLICKHOUSE_DATABASE: 'utmql_demo' };
  const unset = Object.entries(own).filter(([name]) => !isSet(environment, name));
  return readConfig({
    ...environment,
    ...Object.fromEntries(unset),
    ADS_API_URL: undefined,
    CRM_API_URL: undefined,
    SOURCES_FILE: undefined,
    MODEL_FILE: undefined,
  });
}

/** Whether somebody listens on the port already. */
export function isTaken(host: string, port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const probe = createServer();
    // Whatever else is wrong with host and port, the real attempt explains better.
    probe.once('error', (error: NodeJS.ErrnoException) => resolve(error.code === 'EADDRINUSE'));
    probe.listen(port, host, () => probe.close(() => resolve(false)));
  });
}
