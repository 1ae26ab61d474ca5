import { render } from 'preact';
import 'uplot/dist/uPlot.min.css';
import { PageProvider } from '../../../src/dashboard/page/context.ts';
import { useRouter } from '../../../src/dashboard/page/router.ts';
import { createFormats } from '../../../src/dashboard/text/formats.ts';
import { createSay, loadMessages } from '../../../src/dashboard/text/messages.ts';
import { chartStories } from './charts.tsx';
import { figureStories } from './figures.tsx';
import { messageStories } from './messages.tsx';
import type { Story } from './story.ts';
import { tableStories } from './tables.tsx';

const stories: readonly Story[] = [...figureStories, ...chartStories, ...tableStories, ...messageStories];
const nameOf = ({ component, state }: Story): string => `${component}, ${state}`;

const parameters = new URLSearchParams(window.location.search);
const language = parameters.get('language') === 'es' ? 'es' : 'en';
document.documentElement.lang = language;
const say = createSay(await loadMessages(language));
const formats = createFormats(language === 'es' ? 'es-ES' : 'en-US');

/** The story that the address names; else the names of all, for readers and for the test. */
function StoryPage() {
  const router = useRouter(() => false);
  const story = stories.find((one) => nameOf(one) === parameters.get('story'));
  if (story === undefined)
    return (
      <ul>
        {stories.map((one) => (
          <li key={nameOf(one)}>
            <a href={`?${new URLSearchParams({ story: nameOf(one) })}&${one.search ?? ''}`}>{nameOf(one)}</a>
          </li>
        ))}
      </ul>
    );
  return (
    <PageProvider
      value={{
        ...router,
        session: {
          name: 'someone',
          role: 'admin',
          workspace: 'default',
          hasWorkspaces: false,
          isLimited: false,
          hasLogin: false,
          hasGraphiql: false,
          canEmbed: false,
        },
        shared: story.state === 'shared' ? { name: 'A view', address: '/explore', documents: [] } : undefined,
        questionsOf: () => undefined,
        say,
        formats,
      }}
    >
      <h1 class="hidden">{nameOf(story)}</h1>
      {story.view()}
    </PageProvider>
  );
}

const place = document.getElementById('app');
if (place) render(<StoryPage />, place);
