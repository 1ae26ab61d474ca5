import { useEffect, useMemo, useState } from 'preact/hooks';
import type { DashboardSession, SharedPage } from '../../http/dashboard-session.ts';
import { Explore } from '../explore/explore.tsx';
import { Overview } from '../overview/overview.tsx';
import { type PageContext, PageProvider } from '../page/context.ts';
import { Logo } from '../parts/logo.tsx';

/** Whoever has the link: nobody is logged in, and nothing but figures is for them. */
const guest: DashboardSession = {
  name: '',
  role: 'viewer',
  workspace: '',
  hasWorkspaces: false,
  isLimited: true,
  hasLogin: false,
  hasGraphiql: false,
  canEmbed: false,
};

/** What a share link shows: one view, with its name, and no way to another. */
export function SharedApp(props: Pick<PageContext, 'say' | 'formats'> & { readonly share: SharedPage }) {
  const { share, say, formats } = props;
  const [openedAt] = useState(() => new Date().toISOString());
  const place = useMemo(() => {
    const { pathname, searchParams } = new URL(share.address, window.location.origin);
    return { path: pathname, search: searchParams };
  }, [share.address]);
  useEffect(() => {
    document.title = `${share.name} · utmql`;
  }, [share.name]);
  return (
    <PageProvider
      value={{
        session: guest,
        shared: share,
        say,
        formats,
        place,
        go: () => undefined,
        questionsOf: () => undefined,
      }}
    >
      <header class="top shared">
        <h1>{share.name}</h1>
        <p class="quiet">
          <Logo /> {say('sharedBy', { at: formats.instant(openedAt) })}
        </p>
      </header>
      <main id="content">{place.path === '/explore' ? <Explore /> : <Overview />}</main>
    </PageProvider>
  );
}
