import type { RootField } from '../access/grants.ts';
import { readId } from '../views/read-id.ts';
import { maxViews, mayChange, type SavedView, savedView, savedViewsStatement } from '../views/saved-views.ts';
import { builder } from './builder.ts';
import { type CountedList, countAlways } from './list-rows.ts';

/** Views that a workspace has as a rule, for what a query costs. */
const usualViews = 50;

const SavedViewType = builder.objectRef<SavedView>('SavedView').implement({
  description:
    'A named address of the dashboard. It contains no figures. Everybody who may read figures sees the views of their workspace, with name, address and owner.',
  fields: (t) => ({
    id: t.exposeID('id', { description: 'Its id.' }),
    name: t.exposeString('name', { description: 'Its name, 1 to 100 characters, unique in the workspace.' }),
    address: t.exposeString('address', {
      description: 'Path and query of a page of the dashboard, such as `/explore?range=last_7_days`.',
    }),
    owner: t.exposeString('ownerName', {
      description: 'Who saved it first: name of the key, or subject of the token.',
    }),
    isOwn: t.boolean({
      description: 'Whether the caller saved it first.',
      resolve: ({ ownerId }, _args, { caller }) => ownerId === caller.id,
    }),
    mayChange: t.boolean({
      description: 'Whether the caller may change and delete it: its owner and admins may.',
      resolve: (view, _args, { caller }) => mayChange(view, caller),
    }),
    isHome: t.exposeBoolean('isHome', {
      description: 'Whether it is the home view of the workspace: `/` leads browsers to it.',
    }),
    createdAt: t.field({
      type: 'DateTime',
      description: 'When it was saved first.',
      resolve: ({ createdAt }) => createdAt,
    }),
    updatedAt: t.field({
      type: 'DateTime',
      description: 'When its name or address last changed.',
      resolve: ({ updatedAt }) => updatedAt,
    }),
  }),
});

builder.queryField('savedViews', (t) =>
  t.field({
    type: [SavedViewType],
    description: `The saved views of the workspace, by name: at most ${maxViews}.`,
    extensions: {
      access: 'read',
      keepsPolicy: true,
      volatile: true,
      isPersonal: true,
      countRows: countAlways(usualViews),
    } satisfies RootField & CountedList,
    resolve: async (_root, _args, { caller, explore: { reader } }) => [
      ...(await reader.rows(savedView, savedViewsStatement(caller.workspace))),
    ],
  }),
);

const SaveViewInput = builder.inputType('SaveViewInput', {
  description: 'A view to save.',
  fields: (t) => ({
    id: t.id({ description: 'The view to change. Without it, a new one is saved.' }),
    name: t.string({
      required: true,
      description:
        '1 to 100 characters, without spaces around them. No other view may have it, whatever the case.',
    }),
    address: t.string({
      required: true,
      description:
        'Path and query of a page of the dashboard, at most 8,000 characters, percent-encoded: `/explore?range=last_7_days`.',
    }),
  }),
});

builder.mutationField('saveView', (t) =>
  t.field({
    type: SavedViewType,
    description:
      'Saves a view, or changes its name and address. Share links of the view stay as they were. Errors: BAD_USER_INPUT for a name that another view has; NOT_FOUND; FORBIDDEN if the view belongs to somebody else and the caller is no admin.',
    extensions: { access: 'read', keepsPolicy: true } satisfies RootField,
    args: { input: t.arg({ type: SaveViewInput, required: true, description: 'The view.' }) },
    resolve: (_root, { input: { id, name, address } }, { caller, views }) =>
      views.save({ id: id ? readId(String(id), 'input.id') : undefined, name, address }, caller),
  }),
);

builder.mutationField('deleteView', (t) =>
  t.field({
    type: SavedViewType,
    description:
      'Deletes a view and ends its share links. Returns the view as it was. Errors: NOT_FOUND; FORBIDDEN if the view belongs to somebody else and the caller is no admin.',
    extensions: { access: 'read', keepsPolicy: true } satisfies RootField,
    args: { id: t.arg.id({ required: true, description: 'Id of the view.' }) },
    resolve: (_root, { id }, { caller, views }) => views.remove(readId(String(id), 'id'), caller),
  }),
);

builder.mutationField('setHomeView', (t) =>
  t.field({
    type: SavedViewType,
    nullable: true,
    description:
      'Chooses the home view of the workspace, to which `/` leads browsers. Returns it; null if there is none now. Errors: NOT_FOUND.',
    extensions: { access: 'admin' } satisfies RootField,
    args: { id: t.arg.id({ description: 'Id of the view. Null: the workspace has no home view.' }) },
    resolve: async (_root, { id }, { caller, views }) =>
      (await views.setHome(id ? readId(String(id), 'id') : undefined, caller)) ?? null,
  }),
);
