import { createContext } from 'preact';
import { useContext } from 'preact/hooks';
import type { SharedQuestionInput } from '../../../schema/generated/dashboard/graphql.ts';
import type { DashboardSession, SharedPage } from '../../http/dashboard-session.ts';
import type { Formats } from '../text/formats.ts';
import type { Say } from '../text/messages.ts';
import type { Router } from './router.ts';

/** What all parts of the page share. */
export interface PageContext extends Router {
  readonly session: DashboardSession;
  /** What a share link shows; undefined for whoever has logged in. */
  readonly shared: SharedPage | undefined;
  /** What a share link to an address is to answer; undefined where it cannot be shared. */
  readonly questionsOf: (address: string) => SharedQuestionInput[] | undefined;
  readonly say: Say;
  readonly formats: Formats;
}

const Context = createContext<PageContext | undefined>(undefined);

export const PageProvider = Context.Provider;

/** @throws Error outside of `PageProvider` */
export function usePage(): PageContext {
  const page = useContext(Context);
  if (page === undefined) throw new Error('There is no page around this component.');
  return page;
}
