import type { RootField } from '../access/grants.ts';
import { badInput } from '../errors.ts';
import { readId } from '../views/read-id.ts';
import {
  maxLinksOfView,
  maxShareDays,
  type SharedQuestion,
  type SharedView,
  type ShareLink,
  shareLink,
  shareLinksStatement,
} from '../views/share-links.ts';
import { builder } from './builder.ts';

const ShareLinkType = builder.objectRef<ShareLink>('ShareLink').implement({
  description:
    'A link that shows the figures of one saved view to whoever has it, without a login, until it expires or is revoked. The API tells its address only once, in `shareView`.',
  fields: (t) => ({
    id: t.exposeID('id', { description: 'Its id.' }),
    viewId: t.exposeID('viewId', { description: 'Id of the view that it was made for.' }),
    name: t.exposeString('name', { description: 'Name of the view when it was shared. The link shows it.' }),
    address: t.exposeString('address', {
      description: 'Address of the view when it was shared. The link shows this page and state.',
    }),
    createdBy: t.string({
      description: 'Who shared it: name of the key, or subject of the token.',
      resolve: ({ creator }) => creator.name,
    }),
    createdAt: t.field({
      type: 'DateTime',
      description: 'When it was made.',
      resolve: ({ createdAt }) => createdAt,
    }),
    expiresAt: t.field({
      type: 'DateTime',
      description: 'When it ends by itself.',
      resolve: ({ expiresAt }) => expiresAt,
    }),
  }),
});

builder.queryField('shareLinks', (t) =>
  t.field({
    type: [ShareLinkType],
    description:
      'The share links of the workspace that have neither expired nor been revoked, latest first. A link whose creator’s key has been revoked or changed is among them, but shows nothing.',
    extensions: { access: 'admin', volatile: true } satisfies RootField,
    args: { viewId: t.arg.id({ description: 'Only links of this view.' }) },
    resolve: async (_root, { viewId }, { caller: { workspace }, now, explore: { reader } }) => {
      const filter = {
        workspace,
        viewId: viewId ? readId(String(viewId), 'viewId') : undefined,
        now: now(),
      };
      return [...(await reader.rows(shareLink, shareLinksStatement(filter)))];
    },
  }),
);

const SharedQuestionInput = builder.inputType('SharedQuestionInput', {
  description: 'What a link is to answer: a persisted query and the values to ask it with.',
  fields: (t) => ({
    documentId: t.id({
      required: true,
      description:
        'Id or name of a query in a manifest of the server, whose root fields are all figures: `metrics`, `funnel`, `campaigns` or `channels`.',
    }),
    variables: t.field({
      type: 'JSON',
      description: 'Its variables, an object. Relative ranges, such as LAST_30_DAYS, move with the days.',
    }),
  }),
});

const ShareViewInput = builder.inputType('ShareViewInput', {
  description: 'A view to share.',
  fields: (t) => ({
    viewId: t.id({ required: true, description: 'Id of a view of `/` or `/explore`.' }),
    questions: t.field({
      type: [SharedQuestionInput],
      required: true,
      description:
        'What the page asks for the address of the view, 1 to 4 queries, at most 64,000 bytes as JSON. The link answers these and nothing else.',
    }),
    expiresInDays: t.int({
      defaultValue: 30,
      description: `After so many days the link ends by itself, 1 to ${maxShareDays}.`,
    }),
  }),
});

const ShareViewPayload = builder.objectRef<SharedView>('ShareViewPayload').implement({
  description: 'A new share link.',
  fields: (t) => ({
    link: t.field({ type: ShareLinkType, description: 'The link.', resolve: (shared) => shared }),
    url: t.exposeString('path', {
      description:
        'Its path and query on this server: `/share?t=…`. Whoever has it sees the figures. It is told only here.',
    }),
  }),
});

builder.mutationField('shareView', (t) =>
  t.field({
    type: ShareViewPayload,
    description: `Makes a link that shows the figures of a view to whoever has it. Later changes of the view do not change it. It ends when it expires, is revoked, or its view is deleted, and when the key of its creator is revoked or changed. A view can have ${maxLinksOfView} links. Errors: BAD_USER_INPUT for questions that cannot be shared; NOT_FOUND.`,
    extensions: { access: 'admin' } satisfies RootField,
    args: {
      input: t.arg({ type: ShareViewInput, required: true, description: 'The view, and for how long.' }),
    },
    resolve: async (_root, { input }, { caller, shareLinks, checkShared }) => {
      const viewId = readId(String(input.viewId), 'input.viewId');
      const questions = await checkShared(input.questions.map(readQuestion));
      return shareLinks.create({ viewId, questions, expiresInDays: input.expiresInDays ?? 30 }, caller);
    },
  }),
);

function readQuestion(
  { documentId, variables = {} }: typeof SharedQuestionInput.$inferInput,
  index: number,
): SharedQuestion {
  if (typeof variables === 'object' && !Array.isArray(variables))
    return { documentId: String(documentId), variables: { ...variables } };
  throw badInput(`questions[${index}].variables: give an object.`);
}

builder.mutationField('revokeShareLink', (t) =>
  t.field({
    type: ShareLinkType,
    description:
      'Ends a share link at once. Returns the link as it was. Errors: NOT_FOUND, also if it has ended.',
    extensions: { access: 'admin' } satisfies RootField,
    args: { id: t.arg.id({ required: true, description: 'Id of the link.' }) },
    resolve: (_root, { id }, { caller, shareLinks }) => shareLinks.revoke(readId(String(id), 'id'), caller),
  }),
);
