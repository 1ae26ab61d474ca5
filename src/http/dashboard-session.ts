import type { Role } from '../roles.ts';

/** What the dashboard is told about its caller and the server, beside what it asks in GraphQL. */
export interface DashboardSession {
  readonly name: string;
  readonly role: Role;
  readonly workspace: string;
  /** Whether the caller may choose another workspace. */
  readonly hasWorkspaces: boolean;
  /** Whether some records are hidden from the caller, and with them what does not belong to a channel. */
  readonly isLimited: boolean;
  readonly hasLogin: boolean;
  readonly hasGraphiql: boolean;
}
