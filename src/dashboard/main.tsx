import { render } from 'preact';
import 'uplot/dist/uPlot.min.css';
import { App } from './app.tsx';
import { readSession } from './page/session.ts';
import { SharedApp } from './shared/shared-app.tsx';
import { createFormats } from './text/formats.ts';
import { chooseLanguage, createSay, loadMessages } from './text/messages.ts';

const language = chooseLanguage(navigator.languages);
document.documentElement.lang = language;
const say = createSay(await loadMessages(language));
const formats = createFormats(navigator.language);
const session = readSession(document);
const place = document.getElementById('app');
if (place)
  render(
    'share' in session ? (
      <SharedApp share={session.share} say={say} formats={formats} />
    ) : (
      <App session={session} say={say} formats={formats} />
    ),
    place,
  );
