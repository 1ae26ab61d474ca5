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
  mutation: 'A mutation was called.',
  query: 'A query field that requires the role admin was requested.',
  denied: 'A request was denied: the caller did not authenticate, or lacks the permission.',
  key: 'An API key was created, changed or revoked.',
  share: 'A share link was opened.',
} as const;

const AuditKindEnum = builder.enumType('AuditKind', {
  description: 'The kind of an audit log entry.',
  values: enumValues(auditKinds, (name) => kinds[name]),
});

const AuditEntryType = builder.objectRef<StoredEntry>('AuditEntry').implement({
  description:
    'An action of a caller, or a denied attempt. It contains no personal data and no record contents.',
  fields: (t) => ({
    id: t.exposeID('audit_id', { description: 'Its id.' }),
    at: t.field({ type: 'DateTime', description: 'When the action ended.', resolve: ({ at }) => at }),
    kind: t.field({
      type: AuditKindEnum,
      description: 'What kind of entry it is.',
      resolve: ({ kind }) => kind,
    }),
    action: t.exposeString('action', {
      description: 'Name of the field, or path of the endpoint. For a key: created, changed or revoked.',
    }),
    outcome: t.exposeString('outcome', { description: '`ok`, or the error code.' }),
    callerId: t.exposeString('caller_id', {
      description:
        '`key:<id>`, `jwt:<sub>` or `share:<id of the link>`. Empty if the caller did not authenticate. An e-mail address appears as a keyed hash.',
    }),
    callerName: t.exposeString('caller_name', {
      description: 'Name of the key, subject of the token, or `share link`.',
    }),
    role: t.exposeString('role', { description: 'Role of the caller.' }),
    requestId: t.exposeString('request_id', {
      description: 'X-Request-Id of the call. Its log lines and runs have the same id.',
    }),
    durationMs: t.exposeFloat('duration_ms', { description: 'Duration in milliseconds.' }),
    attempts: t.field({
      type: 'SafeInt',
      description:
        'Number of denied attempts with the same caller, endpoint and code that this entry covers, or how often the link was opened. 1 for other entries.',
      resolve: ({ attempts }) => attempts,
    }),
    details: t.field({
      type: 'JSON',
      description: 'Details: ids, source names, mode, days and counts.',
      resolve: ({ details }) => details,
    }),
  }),
});

const AuditLogPage = pageType('AuditLogPage', 'Entries of the audit log, latest first.', AuditEntryType);

const cursorShape = z.tuple([instantPart, z.string()]);
const countRow = z.object({ count: z.number() });

builder.queryField('auditLog', (t) =>
  t.field({
    type: AuditLogPage,
    description:
      'Who did what in this workspace, latest first. Admins of all workspaces also see attempts of unknown callers.',
    extensions: { volatile: true, access: 'admin' } satisfies RootField,
    args: {
      from: t.arg({ type: 'DateTime', description: 'Only entries at or after this instant.' }),
      to: t.arg({ type: 'DateTime', description: 'Only entries before this instant.' }),
      caller: t.arg.string({
        description: 'Only entries of this caller, given as `callerId` or `callerName`.',
      }),
      action: t.arg.string({ description: 'Only entries with this action.' }),
      ...largeRowsArguments,
    },
    resolve: (_root, args, { caller, model, explore: { reader } }) => {
      const filter = {
        scope: dataScope({ caller, model }),
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
