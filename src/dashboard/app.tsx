import { Explore } from './explore/explore.tsx';
import { Ingestion } from './ingestion/ingestion.tsx';
import { Overview } from './overview/overview.tsx';
import { type PageContext, PageProvider, usePage } from './page/context.ts';
import { useRouter } from './page/router.ts';
import { mayRead } from './page/session.ts';
import { Logo } from './parts/logo.tsx';
import { Menu } from './parts/menu.tsx';
import { EmptyNote } from './parts/states.tsx';
import { Quality } from './quality/quality.tsx';
import { Records } from './records/records.tsx';
import { questionsOf } from './shared/questions.ts';
import type { MessageName } from './text/messages.ts';

interface Page {
  readonly path: string;
  readonly name: MessageName;
  readonly isFor: (session: PageContext['session']) => boolean;
  readonly Content: () => preact.JSX.Element;
  /** Other pages lead to it; on its own it says little. */
  readonly isHidden?: boolean;
}

/** All pages, in the order of the navigation. */
const pages: readonly Page[] = [
  { path: '/', name: 'overview', isFor: mayRead, Content: Overview },
  { path: '/explore', name: 'explore', isFor: mayRead, Content: Explore },
  { path: '/quality', name: 'quality', isFor: mayRead, Content: Quality },
  { path: '/ingestion', name: 'ingestion', isFor: ({ isLimited }) => !isLimited, Content: Ingestion },
  { path: '/records', name: 'records', isFor: mayRead, Content: Records, isHidden: true },
];

const owns = (path: string): boolean => pages.some((page) => page.path === path);

/** The frame around all pages: where one can go, and who is logged in. */
export function App(props: Pick<PageContext, 'session' | 'say' | 'formats'>) {
  const router = useRouter(owns);
  const { session, say } = props;
  const offered = pages.filter(({ isFor }) => isFor(session));
  const navigable = offered.filter(({ isHidden }) => !isHidden);
  // Whoever may not read figures begins with what they may see.
  const page =
    offered.find(({ path }) => path === router.place.path) ??
    (router.place.path === '/' ? navigable[0] : undefined);
  return (
    <PageProvider value={{ ...props, ...router, shared: undefined, questionsOf }}>
      <a class="skip" href="#content">
        {say('skip')}
      </a>
      <header class="top">
        <a class="brand" href="/">
          <Logo /> utmql
        </a>
        <nav aria-label={say('pages')}>
          {navigable.map(({ path, name }) => (
            <a key={path} href={path} aria-current={page?.path === path ? 'page' : undefined}>
              {say(name)}
            </a>
          ))}
          {session.hasGraphiql && <a href="/graphql">{say('graphiql')}</a>}
        </nav>
        {session.hasLogin && <Login />}
      </header>
      <main id="content" tabIndex={-1}>
        {page ? <page.Content key={page.path} /> : <EmptyNote title={say('notFound')} />}
      </main>
    </PageProvider>
  );
}

/** Who is logged in and in which workspace; changes it, and logs out. */
function Login() {
  const { say, session, place } = usePage();
  const next = place.path + (place.search.size > 0 ? `?${place.search.toString()}` : '');
  return (
    <Menu label={session.name} class="login">
      <p>
        {say('workspace')} <strong>{session.workspace}</strong>
      </p>
      {session.hasWorkspaces && (
        <p>
          <a href={`/login?next=${encodeURIComponent(next)}`}>{say('changeWorkspace')}</a>
        </p>
      )}
      <form method="post" action="/logout">
        <button type="submit" class="button">
          {say('logOut')}
        </button>
      </form>
    </Menu>
  );
}
