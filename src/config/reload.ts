import { isDeepStrictEqual } from 'node:util';
import type { Logger } from '../logger.ts';
import { type Config, type Environment, readConfig } from './config.ts';
import { type VariableName, variables } from './variables.ts';

export interface Settings {
  readonly config: Config;
  readonly environment: Environment;
}

/**
 * Something that can take on other settings while it works. It reads and checks what they name, and gives what puts that into
 * force, which cannot fail any more.
 *
 * @throws UtmqlError CONFIGURATION with a sentence for the operator
 */
type Reloadable = (settings: Settings) => Promise<() => void> | (() => void);

export interface Reloader {
  /** What is in force now. */
  readonly config: Config;
  add(part: Reloadable): void;
  /**
   * Reads the environment anew and puts into force what can be changed without a restart: all of it, or nothing where
   * anything is wrong. One call works at a time. Never throws: the log says what became of it.
   */
  reload(): Promise<void>;
}

export function createReloader(options: {
  config: Config;
  readEnvironment: () => Promise<Environment>;
  logger: Logger;
}): Reloader {
  const { readEnvironment, logger } = options;
  const parts: Reloadable[] = [];
  let current = options.config;
  let working = Promise.resolve();

  const reload = async (): Promise<void> => {
    const environment = await readEnvironment();
    const { config, changed, needRestart } = merge(current, readConfig(environment));
    const prepared = await Promise.allSettled(parts.map(async (part) => part({ config, environment })));
    const problems = prepared.flatMap((part) => (part.status === 'rejected' ? [messageOf(part.reason)] : []));
    if (problems.length > 0) throw new Error(problems.join('\n'));
    current = config;
    for (const part of prepared) if (part.status === 'fulfilled') part.value();
    if (needRestart.length > 0)
      logger.warn({ variables: needRestart }, 'these variables have changed, which needs a restart');
    logger.info({ variables: changed }, 'reloaded');
  };

  return {
    get config() {
      return current;
    },
    add: (part) => void parts.push(part),
    reload() {
      working = working.then(reload).catch((error: unknown) => {
        logger.error({ problems: messageOf(error) }, 'nothing was reloaded: everything stays as it was');
      });
      return working;
    },
  };
}

/** What can be changed from the new configuration, the rest from the one in force. */
function merge(before: Config, read: Config) {
  const names = Object.keys(variables) as VariableName[];
  const differing = names.filter((name) => !isDeepStrictEqual(before[name], read[name]));
  const changed = differing.filter((name) => 'reloads' in variables[name]);
  const config: Config = Object.freeze({
    ...before,
    ...Object.fromEntries(changed.map((name) => [name, read[name]])),
  });
  return { config, changed, needRestart: differing.filter((name) => !changed.includes(name)) };
}

const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));
