import type { Role } from '../roles.ts';

/** What the dashboard is told in place of that when a share link has opened it. */
export interface SharedSession {
  readonly share: SharedPage;
}

export interface SharedPage {
  /** Of the view. */
  readonly name: string;
  /** Of the page and state to show. */
  readonly address: string;
  /** Names of the documents that the link answers, by the places to ask for them. */
  readonly documents: readonly string[];
}

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
  /** Whether some other site may show share links in its pages. */
  readonly canEmbed: boolean;
}
