import { z } from 'zod';
import { dataScope } from '../access/caller.ts';
import type { RootField } from '../access/grants.ts';
import { badInput } from '../errors.ts';
import { type EventRecord, type EventsQuery, eventCursor, eventPages } from '../explore/events.ts';
import type { Filter } from '../metrics/filter.ts';
import { describeDimension } from '../metrics/registry.ts';
import { createDayOfInstant } from '../records/day.ts';
import { builder } from './builder.ts';
import type { Context } from './context.ts';
import { utmFields } from './explore-utm-fields.ts';
import { instantPart, largeRowsArguments, loadPage, maxLargeRows, pageType } from './pages.ts';
import { readTextFilter, TextFilter } from './where.ts';

const Event = builder.objectRef<EventRecord>('Event').implement({
  description: 'A pushed event.',
  fields: (t) => ({
    eventId: t.exposeID('event_id', { description: 'The id that the sender gave, or that utmql created.' }),
    timestamp: t.field({
      type: 'DateTime',
      description: 'When it happened.',
      resolve: (row) => row.timestamp,
    }),
    service: t.exposeString('service', { description: 'The service that sent it; `unknown` if missing.' }),
    message: t.exposeString('message', { description: 'The text of the event.' }),
    metadata: t.field({
      type: 'JSON',
      nullable: true,
      description: 'Additional data, as an object. Null if there is none.',
      resolve: ({ metadata }) => objectOrNull(metadata),
    }),
    ...utmFields(t),
    extra: t.field({
      type: 'JSON',
      nullable: true,
      description: 'Fields that the record contract does not name, as an object. Null if there are none.',
      resolve: ({ extra }) => objectOrNull(extra),
    }),
  }),
});

const Events = pageType('EventPage', 'Stored events, latest first.', Event);

const utmNames = ['utmCampaign', 'utmSource', 'utmMedium', 'utmContent', 'utmTerm'] as const;
type UtmName = (typeof utmNames)[number];

const EventsWhere = builder
  .inputRef<{ [Name in UtmName]?: typeof TextFilter.$inferInput | null | undefined }>('EventsWhere')
  .implement({
    description: 'Filter on the UTM parameters of events. All given conditions must hold.',
    fields: (t) => {
      const field = (name: UtmName) => t.field({ type: TextFilter, description: describeDimension(name) });
      return {
        utmCampaign: field('utmCampaign'),
        utmSource: field('utmSource'),
        utmMedium: field('utmMedium'),
        utmContent: field('utmContent'),
        utmTerm: field('utmTerm'),
      };
    },
  });

const cursorShape = z.tuple([instantPart, z.string(), z.string()]);

builder.queryField('events', (t) =>
  t.field({
    type: Events,
    description: 'Stored events, latest first. An event appears here within seconds of its 202 response.',
    extensions: { access: 'read' } satisfies RootField,
    args: {
      service: t.arg.string({ description: 'Only events of this service (case-sensitive).' }),
      eventId: t.arg.string({ description: 'Only the event with this id.' }),
      from: t.arg({ type: 'DateTime', description: 'Only events at or after this instant.' }),
      to: t.arg({ type: 'DateTime', description: 'Only events before this instant.' }),
      search: t.arg.string({
        description: 'Only events whose message or metadata JSON contains this text (case-insensitive).',
      }),
      where: t.arg({ type: EventsWhere, description: 'Only events with these UTM values.' }),
      ...largeRowsArguments,
    },
    resolve: (_root, args, context) => {
      const query = readQuery(args, context);
      const dayOf = createDayOfInstant(context.reportingTimezone);
      const { read, count } = eventPages(context.explore.reader, query, dayOf, context.today());
      return loadPage({
        query,
        args,
        maxFirst: maxLargeRows,
        keyShape: cursorShape,
        read: async (after, limit) => {
          const events = await read(after, limit);
          return { rows: events.map((row) => ({ row, key: eventCursor(row) })), count };
        },
      });
    },
  }),
);

function readQuery(
  args: {
    readonly service?: string | null | undefined;
    readonly eventId?: string | null | undefined;
    readonly from?: Date | null | undefined;
    readonly to?: Date | null | undefined;
    readonly search?: string | null | undefined;
    readonly where?: typeof EventsWhere.$inferInput | null | undefined;
  },
  context: Context,
): EventsQuery {
  const { from, to } = args;
  if (from && to && from > to) throw badInput('from is after to; swap them.');
  return {
    ...dataScope(context),
    service: args.service ?? undefined,
    eventId: args.eventId ?? undefined,
    from: from?.getTime(),
    to: to?.getTime(),
    search: args.search || undefined,
    where: readWhere(args.where),
  };
}

function readWhere(where: typeof EventsWhere.$inferInput | null | undefined): Filter | undefined {
  const parts = utmNames.flatMap((name) => {
    const filter = where?.[name];
    return filter ? readTextFilter(name, filter, `where.${name}`) : [];
  });
  return parts.length === 0 ? undefined : { and: parts };
}

function objectOrNull(text: string): unknown {
  return text === '' ? null : JSON.parse(text);
}
