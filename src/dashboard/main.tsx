import { render } from 'preact';
import 'uplot/dist/uPlot.min.css';
import { App } from './app.tsx';
import { readSession } from './page/session.ts';
import { createFormats } from './text/formats.ts';
import { chooseLanguage, createSay, loadMessages } from './text/messages.ts';

const language = chooseLanguage(navigator.languages);
document.documentElement.lang = language;
const say = createSay(await loadMessages(language));
const place = document.getElementById('app');
if (place)
  render(
    <App session={readSession(document)} say={say} formats={createFormats(navigator.language)} />,
    place,
  );
