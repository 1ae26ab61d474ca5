import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { z } from 'zod';
import { readIfThere, writeDurably } from '../files/durable-file.ts';

/**
 * Refresh tokens that platforms have replaced: some take each only once and give the next with the access token. The newest is
 * on disk before it is needed, so that neither a restart nor a crash goes back to one that is used up.
 */
export interface RefreshTokens {
  /** The newest of the line that began with the configured token: that one itself where none came after it. */
  newest(line: TokenLine): Promise<string>;
  /** Resolves once it is on disk. */
  save(line: TokenLine, token: string): Promise<void>;
}

/** What a configured refresh token is for. Another token in the configuration begins another line. */
interface TokenLine {
  readonly tokenUrl: string;
  readonly clientId: string;
  readonly configured: string;
}

const kept = z.object({ token: z.string().min(1) });

/** @param folder holds a file a line, readable by the program's user only */
export function createRefreshTokens(folder: string): RefreshTokens {
  // Named by a hash, since names of files are seen by more than their content is.
  const fileOf = ({ tokenUrl, clientId, configured }: TokenLine): string =>
    join(
      folder,
      `${createHash('sha256')
        .update(JSON.stringify([tokenUrl, clientId, configured]))
        .digest('hex')}.json`,
    );
  return {
    async newest(line) {
      const text = await readIfThere(fileOf(line));
      return text === undefined ? line.configured : kept.parse(JSON.parse(text)).token;
    },
    save: (line, token) => writeDurably(fileOf(line), JSON.stringify({ token })),
  };
}
