import { z } from 'zod';
import { dataScope } from '../access/caller.ts';
import type { RootField } from '../access/grants.ts';
import { auditKinds } from '../audit/entry.ts';
import {
  entriesStatement,
  entryCountStatement,
  entryCursor,
  type StoredEntry,
  storedEntry,
} from '../audit/find-entries.ts';
import { builder, enumValues } from './builder.ts';
import { instantPart, largeRowsArguments, loadPage, maxLargeRows, pageType } from './pages.ts';

const kinds = {
  mutation: 'A field of Mutation was called.',
  query: 'A field of Query that is for the role admin was asked for.',
  denied: 'Somebody was not let in, or not to what they asked for.',
  key: 'An API key was made, changed or revoked.',
} as const;

const AuditKindEnum = builder.enumType('AuditKind', {
  description: 'What an entry of the audit log is about.',
  values: enumValues(auditKinds, (name) => kinds[name]),
});

const AuditEntryType = builder.objectRef<StoredEntry>('AuditEntry').implement({
  description:
    'Who did something, or was kept from it. It holds no personal data and nothing of the records.',
  fields: (t) => ({
    id: t.exposeID('audit_id', { description: 'Its id.' }),
    at: t.field({ type: 'DateTime', description: 'When it had ended.', resolve: ({ at }) => at }),
    kind: t.field({ type: AuditKindEnum, description: 'What it is about.', resolve: ({ kind }) => kind }),
    action: t.exposeString('action', {
      description: 'Name of the field, path of the endpoint, or for a key: created, changed or revoked.',
    }),
    outcome: t.exposeString('outcome', { description: '`ok`, or the code of the error.' }),
    callerId: t.exposeString('caller_id', {
      description:
        '`key:<id>` or `jwt:<sub>`; empty where nobody could show who they are. An e-mail address is shown as a keyed hash.',
    }),
    callerName: t.exposeString('caller_name', {
      description: 'The name of the key, or the subject of the token.',
    }),
    role: t.exposeString('role', { description: 'The role that the caller had.' }),
    requestId: t.exposeString('request_id', {
      description: 'X-Request-Id of the call; in its log lines and runs, too.',
    }),
    durationMs: t.exposeFloat('duration_ms', { description: 'How long it took, milliseconds.' }),
    attempts: t.field({
      type: 'SafeInt',
      description:
        'How many denied attempts of the same caller, endpoint and code it stands for; otherwise 1.',
      resolve: ({ attempts }) => attempts,
    }),
    details: t.field({
      type: 'JSON',
      description: 'Ids, names of sources, mode, days and counts.',
      resolve: ({ details }) => details,
    }),
  }),
});

const AuditLogPage = pageType('AuditLogPage', 'Entries of the audit log, the latest first.', AuditEntryType);

const cursorShape = z.tuple([instantPart, z.string()]);
const countRow = z.object({ count: z.number() });

builder.queryField('auditLog', (t) =>
  t.field({
    type: AuditLogPage,
    description:
      'Who did what in this workspace, the latest first. An admin of all workspaces also sees attempts of which nobody knows whose they were.',
    extensions: { volatile: true, access: 'admin' } satisfies RootField,
    args: {
      from: t.arg({ type: 'DateTime', description: 'At or after this instant.' }),
      to: t.arg({ type: 'DateTime', description: 'Before this instant.' }),
      caller: t.arg.string({ description: 'Of this caller: `callerId` or `callerName`.' }),
      action: t.arg.string({ description: 'Of this action.' }),
      ...largeRowsArguments,
    },
    resolve: (_root, args, { caller, explore: { reader } }) => {
      const filter = {
        scope: dataScope(caller),
        withUnowned: caller.workspaces === 'all',
        from: args.from?.getTime(),
        to: args.to?.getTime(),
        caller: args.caller ?? undefined,
        action: args.action ?? undefined,
      };
      return loadPage({
        query: ['auditLog', filter],
        args,
        keyShape: cursorShape,
        maxFirst: maxLargeRows,
        read: async (after, limit) => {
          const entries = await reader.rows(storedEntry, entriesStatement(filter, after, limit));
          return {
            rows: entries.map((row) => ({ row, key: entryCursor(row) })),
            count: async () => (await reader.rows(countRow, entryCountStatement(filter)))[0]?.count ?? 0,
          };
        },
      });
    },
  }),
);
