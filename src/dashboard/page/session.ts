import type { DashboardSession, SharedSession } from '../../http/dashboard-session.ts';

/** What the server has written into the page about its caller, or about the link that opened it. */
export function readSession(document: Document): DashboardSession | SharedSession {
  const meta = document.querySelector<HTMLMetaElement>('meta[name=utmql-session]');
  return JSON.parse(meta?.content ?? '') as DashboardSession | SharedSession;
}

/** What a role may do, as the server has it: it refuses the rest. */
export const mayRead = ({ role }: Pick<DashboardSession, 'role'>): boolean => role !== 'ingestor';

export const mayIngest = ({ role }: Pick<DashboardSession, 'role'>): boolean => role !== 'viewer';
