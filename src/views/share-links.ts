import { uuidv7 } from 'uuidv7';
import { z } from 'zod';
import type { Authenticator } from '../access/authenticator.ts';
import type { Caller, Identity } from '../access/caller.ts';
import { instant } from '../clickhouse/instant.ts';
import { jsonRow } from '../clickhouse/json-row.ts';
import type { Lock } from '../clickhouse/leases/store-lock.ts';
import { bind, empty, instantOf, type Sql, sql } from '../clickhouse/sql.ts';
import { type CallOptions, insertColumns, type Store } from '../clickhouse/store.ts';
import { badInput, UtmqlError } from '../errors.ts';
import { roles } from '../roles.ts';
import type { Clock } from '../time.ts';
import { pathOf, sharedPaths } from './address.ts';
import { requireView, savedView, savedViewsStatement } from './saved-views.ts';
import type { ShareClaim, ShareTokens } from './share-token.ts';

/** Links that are neither revoked nor expired. */
export const maxLinksOfView = 50;
export const maxShareDays = 365;
const dayMs = 86_400_000;

/** The page that a link opens. */
export const sharePath = '/share';

/** A document of the manifest, and the values that it is asked with. Relative ranges among them move with the days. */
export interface SharedQuestion {
  /** By its name, so that a later version's document takes its place; by its id where it has no name. */
  readonly documentId: string;
  readonly variables: Readonly<Record<string, unknown>>;
}

export interface ShareLink {
  readonly id: string;
  readonly workspace: string;
  readonly viewId: string;
  /** Of the view, when it was shared. */
  readonly name: string;
  readonly address: string;
  readonly questions: readonly SharedQuestion[];
  readonly creator: Creator;
  readonly createdAt: Date;
  readonly expiresAt: Date;
  readonly version: number;
}

/** Who made a link. An admin, and thus nobody whom a row policy restricts. */
type Creator = Pick<Identity, 'id' | 'name' | 'role' | 'workspaces'>;

const jsonOf = <T>(shape: z.ZodType<T>) => z.string().transform((text) => shape.parse(JSON.parse(text)));
const creator = z.object({
  id: z.string(),
  name: z.string(),
  role: z.enum(roles),
  workspaces: z.union([z.array(z.string()), z.literal('all')]),
});
const questions = z.array(z.object({ documentId: z.string(), variables: z.record(z.string(), z.unknown()) }));

export const shareLink = z
  .object({
    link_id: z.string(),
    workspace: z.string(),
    view_id: z.string(),
    name: z.string(),
    address: z.string(),
    questions: jsonOf(questions),
    creator: jsonOf(creator),
    created_at: instant,
    expires_at: instant,
    version: z.number(),
  })
  .transform(
    (row): ShareLink => ({
      id: row.link_id,
      workspace: row.workspace,
      viewId: row.view_id,
      name: row.name,
      address: row.address,
      questions: row.questions,
      creator: row.creator,
      createdAt: row.created_at,
      expiresAt: row.expires_at,
      version: row.version,
    }),
  );

const selectLinks = sql`SELECT link_id, workspace, view_id, name, address, questions, creator, created_at, expires_at, version FROM share_links FINAL`;

/** Selects the links of a workspace that have not expired, or those of one view; the latest first. */
export function shareLinksStatement(filter: {
  workspace: string;
  viewId: string | undefined;
  now: number;
}): Sql {
  const { workspace, viewId, now } = filter;
  const ofView = viewId === undefined ? empty : sql` AND view_id = ${bind('UUID', viewId)}`;
  return sql`${selectLinks} WHERE workspace = ${bind('String', workspace)}${ofView} AND expires_at > ${instantOf(now)} ORDER BY created_at DESC, link_id DESC`;
}

/** A new link, and the address that nothing else tells. */
export interface SharedView extends ShareLink {
  /** Path and query on this server. */
  readonly path: string;
}

/** The share links of all workspaces. Each call but `find` is about the workspace of its caller. */
export interface ShareLinks {
  /**
   * Makes a link that answers `questions`, which have been checked.
   *
   * @throws UtmqlError BAD_USER_INPUT; NOT_FOUND for a view that does not exist
   */
  create(input: ShareInput, caller: Caller): Promise<SharedView>;
  /** @throws UtmqlError NOT_FOUND, also for one that was revoked or has expired */
  revoke(id: string, caller: Caller): Promise<ShareLink>;
  /** Ends all links of a view. The caller holds the lock. */
  endAll(viewId: string, caller: Caller): Promise<void>;
  /** Returns the link of a token, unless it was revoked, has expired, or its creator could not make it now. */
  find(claim: ShareClaim, call: CallOptions): Promise<ShareLink | undefined>;
}

interface ShareInput {
  readonly viewId: string;
  readonly questions: readonly SharedQuestion[];
  readonly expiresInDays: number;
}

/** @param options.lock shared with the views, and by all processes */
export function createShareLinks(options: {
  store: Pick<Store, 'select' | 'insert'>;
  lock: Lock;
  tokens: ShareTokens;
  authenticator: Pick<Authenticator, 'isValid'>;
  clock: Clock;
}): ShareLinks {
  const { store, lock, tokens, authenticator, clock } = options;

  const list = ({ workspace, requestId }: Caller, viewId?: string): Promise<ShareLink[]> =>
    store.select(shareLink, shareLinksStatement({ workspace, viewId, now: clock.now() }), { requestId });
  const write = (links: readonly ShareLink[], isDeleted: boolean): Promise<void> =>
    store.insert(
      'share_links',
      columns,
      'JSONEachRow',
      links.map((link) => jsonRow(toRow(link, isDeleted))),
      { deduplicate: false, changesAnswersOf: [] },
    );
  const end = async (links: readonly ShareLink[]): Promise<void> => {
    const ended = links.map((link) => ({ ...link, version: Math.max(clock.now(), link.version + 1) }));
    if (ended.length > 0) await write(ended, true);
  };

  return {
    async create({ viewId, questions: asked, expiresInDays }, caller) {
      if (expiresInDays < 1 || expiresInDays > maxShareDays)
        throw badInput(`expiresInDays: ${expiresInDays} is not between 1 and ${maxShareDays}.`);
      const { id, name, role, workspaces, workspace, requestId } = caller;
      return lock.runExclusive(async () => {
        const views = await store.select(savedView, savedViewsStatement(workspace), { requestId });
        const view = requireView(views, viewId);
        if (!sharedPaths.includes(pathOf(view.address)))
          throw badInput(`viewId: only views of ${sharedPaths.join(' and ')} can be shared.`);
        if ((await list(caller, viewId)).length >= maxLinksOfView)
          throw badInput(
            `This view has ${maxLinksOfView} links, the most that it can have. Revoke one first.`,
          );
        const now = clock.now();
        const link: ShareLink = {
          id: uuidv7(),
          workspace,
          viewId,
          name: view.name,
          address: view.address,
          questions: asked,
          creator: { id, name, role, workspaces },
          createdAt: new Date(now),
          // Tokens tell whole seconds.
          expiresAt: new Date(Math.floor((now + expiresInDays * dayMs) / 1_000) * 1_000),
          version: now,
        };
        await write([link], false);
        const token = tokens.sign({ linkId: link.id, expiresAt: link.expiresAt.getTime() });
        return { ...link, path: `${sharePath}?t=${token}` };
      });
    },
    revoke: (id, caller) =>
      lock.runExclusive(async () => {
        const link = (await list(caller)).find((one) => one.id === id);
        if (link === undefined) throw new UtmqlError('NOT_FOUND', `This workspace has no share link ${id}.`);
        await end([link]);
        return link;
      }),
    endAll: async (viewId, caller) => end(await list(caller, viewId)),
    async find({ linkId, expiresAt }, call) {
      const statement = sql`${selectLinks} WHERE link_id = ${bind('UUID', linkId)}`;
      const [link] = await store.select(shareLink, statement, call);
      if (link?.expiresAt.getTime() !== expiresAt) return undefined;
      // A token that its creator used may have expired long before the link does.
      const identity = { ...link.creator, policy: undefined, expiresAt: undefined };
      return (await authenticator.isValid(identity)) ? link : undefined;
    },
  };
}

const toRow = (link: ShareLink, isDeleted: boolean) => ({
  link_id: link.id,
  workspace: link.workspace,
  view_id: link.viewId,
  name: link.name,
  address: link.address,
  questions: JSON.stringify(link.questions),
  creator: JSON.stringify(link.creator),
  created_at: link.createdAt.toISOString(),
  expires_at: link.expiresAt.toISOString(),
  version: link.version,
  is_deleted: isDeleted ? 1 : 0,
});

const never = new Date(0);
const columns = insertColumns(
  toRow(
    {
      id: '',
      workspace: '',
      viewId: '',
      name: '',
      address: '',
      questions: [],
      creator: { id: '', name: '', role: 'viewer', workspaces: [] },
      createdAt: never,
      expiresAt: never,
      version: 0,
    },
    false,
  ),
);
