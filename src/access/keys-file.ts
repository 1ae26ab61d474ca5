import { z } from 'zod';
import { UtmqlError } from '../errors.ts';
import { readTextIfExists, writeDurably } from '../files/durable-file.ts';
import { roles } from '../roles.ts';
import { workspaceName } from './workspaces.ts';

const keyShape = z
  .strictObject({
    id: z.string().regex(/^[0-9a-z]{10}$/, 'is no key id'),
    name: z.string().min(1).max(100),
    role: z.enum(roles, `is not one of ${roles.join(', ')}`),
    workspaces: z.union([z.array(workspaceName).min(1), z.literal('all')]),
    /** Channels of the visible rows; all if omitted. */
    channels: z.array(z.string().min(1)).min(1).optional(),
    /** The hash of the whole key in hex. */
    sha256: z.string().regex(/^[0-9a-f]{64}$/, 'is no SHA-256 in hex'),
    createdAt: z.iso.datetime(),
    expiresAt: z.iso.datetime().optional(),
    revokedAt: z.iso.datetime().optional(),
  })
  .refine(({ role, channels }) => channels === undefined || role === 'viewer', {
    path: ['channels'],
    error: 'restricts what is read, so only the role viewer can have it',
  });
export type StoredKey = z.infer<typeof keyShape>;

const fileShape = z
  .strictObject({ keys: z.array(keyShape) })
  .refine(({ keys }) => new Set(keys.map(({ id }) => id)).size === keys.length, 'has two keys of one id');

/**
 * Returns the keys of a file, or none if the file does not exist.
 *
 * @throws UtmqlError CONFIGURATION with one sentence for the operator
 */
export async function readKeysFile(file: string): Promise<readonly StoredKey[]> {
  let text: string | undefined;
  try {
    text = await readTextIfExists(file);
  } catch (cause) {
    const code = cause instanceof Error && 'code' in cause ? String(cause.code) : 'error';
    throw broken(file, `cannot be read (${code})`, cause);
  }
  if (text === undefined) return [];
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    throw broken(file, 'is not valid JSON');
  }
  const parsed = fileShape.safeParse(json);
  if (parsed.success) return parsed.data.keys;
  const [issue] = parsed.error.issues;
  throw broken(file, `is no file of keys: ${issue?.path.join('.') || 'it'} ${issue?.message ?? 'is wrong'}`);
}

/** Replaces the file atomically. Only its owner can read it. */
export const writeKeysFile = (file: string, keys: readonly StoredKey[]): Promise<void> =>
  writeDurably(file, `${JSON.stringify({ keys }, null, 2)}\n`);

const broken = (file: string, what: string, cause?: unknown): UtmqlError =>
  new UtmqlError(
    'CONFIGURATION',
    `API_KEYS_FILE (${JSON.stringify(file)}) ${what}. Restore a valid copy, or create new keys with \`npm run keys\`.`,
    { cause },
  );
