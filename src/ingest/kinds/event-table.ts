import type { Event } from '../../records/event.ts';
import { recordTable } from '../storage/record-table.ts';

export const eventTable = recordTable<Event, 'isDatedByArrival'>()({
  name: 'events',
  key: { date: 'Date', service: 'String', timestamp: 'DateTime64(3)', event_id: 'String' },
  values: {
    message: 'String',
    metadata: 'String',
    utm_campaign: 'String',
    utm_source: 'String',
    utm_medium: 'String',
    utm_content: 'String',
    utm_term: 'String',
    extra: 'String',
  },
  others: ['workspace', 'version', 'is_deleted'],
});
