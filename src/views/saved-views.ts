import { uuidv7 } from 'uuidv7';
import { z } from 'zod';
import type { Caller } from '../access/caller.ts';
import { forbidden } from '../access/refusals.ts';
import { instant } from '../clickhouse/instant.ts';
import { jsonRow } from '../clickhouse/json-row.ts';
import type { Lock } from '../clickhouse/leases/store-lock.ts';
import { bind, type Sql, sql } from '../clickhouse/sql.ts';
import { type CallOptions, insertColumns, type Store } from '../clickhouse/store.ts';
import { badInput, UtmqlError } from '../errors.ts';
import type { Clock } from '../time.ts';
import { readAddress } from './address.ts';

/** Views that a workspace can have. */
export const maxViews = 500;
const maxNameLength = 100;

/** A named address of the dashboard. */
export interface SavedView {
  readonly id: string;
  readonly name: string;
  readonly address: string;
  /** The caller who saved it first. */
  readonly ownerId: string;
  readonly ownerName: string;
  readonly isHome: boolean;
  readonly createdAt: Date;
  readonly updatedAt: Date;
  readonly version: number;
}

export const savedView = z
  .object({
    view_id: z.string(),
    name: z.string(),
    address: z.string(),
    owner_id: z.string(),
    owner_name: z.string(),
    is_home: z.number(),
    created_at: instant,
    updated_at: instant,
    version: z.number(),
  })
  .transform(
    (row): SavedView => ({
      id: row.view_id,
      name: row.name,
      address: row.address,
      ownerId: row.owner_id,
      ownerName: row.owner_name,
      isHome: row.is_home === 1,
      createdAt: row.created_at,
      updatedAt: row.updated_at,
      version: row.version,
    }),
  );

const viewsOf = (workspace: string): Sql =>
  sql`SELECT view_id, name, address, owner_id, owner_name, is_home, created_at, updated_at, version FROM saved_views FINAL WHERE workspace = ${bind('String', workspace)}`;

/** Selects the views of a workspace, ordered by name. */
export const savedViewsStatement = (workspace: string): Sql =>
  sql`${viewsOf(workspace)} ORDER BY lowerUTF8(name), view_id`;

/** The views of all workspaces. Each call is about the workspace of its caller. */
export interface SavedViews {
  /**
   * Saves a new view, or changes the one with `id`.
   *
   * @throws UtmqlError BAD_USER_INPUT, also for a name that another view has; NOT_FOUND; FORBIDDEN for a view of somebody else
   */
  save(input: ViewInput, caller: Caller): Promise<SavedView>;
  /**
   * Deletes a view, after its links.
   *
   * @throws UtmqlError NOT_FOUND; FORBIDDEN
   */
  remove(id: string, caller: Caller): Promise<SavedView>;
  /**
   * Makes a view the only home view; undefined: there is none any more.
   *
   * @throws UtmqlError NOT_FOUND
   */
  setHome(id: string | undefined, caller: Caller): Promise<SavedView | undefined>;
  /** Returns the home view of a workspace. */
  home(workspace: string, call?: CallOptions): Promise<SavedView | undefined>;
}

interface ViewInput {
  readonly id: string | undefined;
  readonly name: string;
  readonly address: string;
}

/** @param options.lock shared with the links, and by all processes: what is written follows from what was read */
export function createSavedViews(options: {
  store: Pick<Store, 'select' | 'insert'>;
  lock: Lock;
  links: { endAll(viewId: string, caller: Caller): Promise<void> };
  clock: Clock;
}): SavedViews {
  const { store, lock, links, clock } = options;

  const all = (workspace: string, call: CallOptions): Promise<SavedView[]> =>
    store.select(savedView, savedViewsStatement(workspace), call);
  const write = (workspace: string, views: readonly SavedView[], isDeleted = false): Promise<void> => {
    const rows = views.map((view) => toRow(workspace, view, isDeleted));
    return store.insert('saved_views', columns, 'JSONEachRow', rows.map(jsonRow), {
      deduplicate: false,
      changesAnswersOf: [],
    });
  };
  const changed = (view: SavedView, changes: Partial<SavedView>): SavedView => ({
    ...view,
    ...changes,
    version: Math.max(clock.now(), view.version + 1),
  });
  const exclusively = <T>(
    { workspace, requestId }: Caller,
    work: (views: readonly SavedView[]) => Promise<T>,
  ): Promise<T> => lock.runExclusive(async () => work(await all(workspace, { requestId })));

  return {
    async save(input, caller) {
      const name = readName(input.name);
      const address = readAddress(input.address);
      return exclusively(caller, async (views) => {
        const before = input.id === undefined ? undefined : requireView(views, input.id);
        if (before !== undefined) requireOwner(before, caller);
        else if (views.length >= maxViews)
          throw badInput(
            `This workspace has ${maxViews} saved views, the most that it can have. Delete one first.`,
          );
        if (views.some((view) => view.id !== before?.id && sameName(view.name, name)))
          throw badInput(`name: another view is called ${JSON.stringify(name)}. Choose another name.`);
        const now = clock.now();
        const updatedAt = new Date(now);
        const view = before
          ? changed(before, { name, address, updatedAt })
          : {
              id: uuidv7(),
              name,
              address,
              ownerId: caller.id,
              ownerName: caller.name,
              isHome: false,
              createdAt: updatedAt,
              updatedAt,
              version: now,
            };
        await write(caller.workspace, [view]);
        return view;
      });
    },
    remove: (id, caller) =>
      exclusively(caller, async (views) => {
        const view = requireView(views, id);
        requireOwner(view, caller);
        // Should the second write fail, the view is left and can be deleted again. The other way round a link would be left.
        await links.endAll(view.id, caller);
        await write(caller.workspace, [changed(view, {})], true);
        return view;
      }),
    setHome: (id, caller) =>
      exclusively(caller, async (views) => {
        const home = id === undefined ? undefined : requireView(views, id);
        const different = views.filter((view) => view.isHome !== (view.id === home?.id));
        const next = different.map((view) => changed(view, { isHome: !view.isHome }));
        // In one insert, so that there are never two.
        if (next.length > 0) await write(caller.workspace, next);
        return next.find((view) => view.id === home?.id) ?? home;
      }),
    async home(workspace, call) {
      const [home] = await store.select(savedView, sql`${viewsOf(workspace)} AND is_home = 1`, call);
      return home;
    },
  };
}

/** @throws UtmqlError NOT_FOUND */
export function requireView(views: readonly SavedView[], id: string): SavedView {
  const view = views.find((one) => one.id === id);
  if (view === undefined) throw new UtmqlError('NOT_FOUND', `This workspace has no saved view ${id}.`);
  return view;
}

/** Whether a caller may change a view. */
export const mayChange = (view: SavedView, { id, role }: Pick<Caller, 'id' | 'role'>): boolean =>
  view.ownerId === id || role === 'admin';

function requireOwner(view: SavedView, caller: Caller): void {
  if (!mayChange(view, caller))
    throw forbidden('Only whoever saved a view, or an admin, can change or delete it. Save one of your own.');
}

/** @throws UtmqlError BAD_USER_INPUT */
function readName(text: string): string {
  const name = text.trim().normalize('NFC');
  const { length } = [...name];
  if (length === 0 || length > maxNameLength || /[\p{Cc}\p{Cs}\p{Zl}\p{Zp}]/u.test(name))
    throw badInput(
      `name: give 1 to ${maxNameLength} characters, without line breaks and control characters.`,
    );
  return name;
}

const sameName = (one: string, other: string): boolean => one.toLowerCase() === other.toLowerCase();

const toRow = (workspace: string, view: SavedView, isDeleted: boolean) => ({
  workspace,
  view_id: view.id,
  name: view.name,
  address: view.address,
  owner_id: view.ownerId,
  owner_name: view.ownerName,
  is_home: view.isHome ? 1 : 0,
  created_at: view.createdAt.toISOString(),
  updated_at: view.updatedAt.toISOString(),
  version: view.version,
  is_deleted: isDeleted ? 1 : 0,
});

const never = new Date(0);
const columns = insertColumns(
  toRow(
    '',
    {
      id: '',
      name: '',
      address: '',
      ownerId: '',
      ownerName: '',
      isHome: false,
      createdAt: never,
      updatedAt: never,
      version: 0,
    },
    false,
  ),
);
