import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { z } from 'zod';
import { readTextIfExists, writeDurably } from '../files/durable-file.ts';

/**
 * Stores rotated refresh tokens: some platforms accept each only once and return the next with the access token. The newest is
 * on disk before it is used, so that neither a restart nor a crash returns to a used one.
 */
export interface RefreshTokens {
  /** Resolves to the newest successor of the configured token, or to that token itself if it has none. */
  newest(line: TokenLine): Promise<string>;
  /** Resolves once it is on disk. */
  save(line: TokenLine, token: string): Promise<void>;
}

/** Identifies a chain of refresh tokens. Another configured token begins another chain. */
interface TokenLine {
  readonly tokenUrl: string;
  readonly clientId: string;
  readonly configured: string;
}

const kept = z.object({ token: z.string().min(1) });

/** @param folder holds one file per chain, readable only by the program's user */
export function createRefreshTokens(folder: string): RefreshTokens {
  // Named by a hash: file names are visible to more people than file contents.
  const fileOf = ({ tokenUrl, clientId, configured }: TokenLine): string =>
    join(
      folder,
      `${createHash('sha256')
        .update(JSON.stringify([tokenUrl, clientId, configured]))
        .digest('hex')}.json`,
    );
  return {
    async newest(line) {
      const text = await readTextIfExists(fileOf(line));
      return text === undefined ? line.configured : kept.parse(JSON.parse(text)).token;
    },
    save: (line, token) => writeDurably(fileOf(line), JSON.stringify({ token })),
  };
}
