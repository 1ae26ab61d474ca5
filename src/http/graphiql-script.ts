import { exampleQuery } from './example-query.ts';

/**
 * Starts GraphiQL, on the query of the address, else on the tab that was open the last time, else on the example. Runs what it opens
 * on, once, where the page says that it may (`data-runs`) and nobody typed it the last time. What is typed goes into the address.
 *
 * GraphiQL opens an empty tab beside the kept ones if it is not told which of them is open, so it is told. An operation name from
 * the address holds until the query changes: GraphiQL would send it for every query.
 */
export const startScript = `
'use strict';
const endpoint = '/graphql';
const example = ${JSON.stringify(exampleQuery)};
window.__webpack_nonce__ = document.querySelector('style').nonce;

const asked = new URL(location.href).searchParams;
const openTab = () => {
  try {
    const { tabs, activeTabIndex } = JSON.parse(localStorage.getItem('graphiql:tabState'));
    const { query, variables, headers } = tabs[activeTabIndex];
    return { query: query ?? '', variables: variables ?? '', headers: headers ?? '' };
  } catch {
    return undefined;
  }
};
const linked = asked.get('query') ? { query: asked.get('query'), variables: asked.get('variables') ?? '' } : undefined;
const kept = linked ? undefined : openTab();
const opened = linked ?? kept ?? { query: example };
let isToRun = kept === undefined && 'runs' in document.body.dataset;

const isSubscription = ({ operationName }, document) =>
  document?.definitions.some(
    ({ operation, name }) => operation === 'subscription' && (!operationName || name?.value === operationName),
  );
const follow = (request, headers, sink) => graphqlSse.createClient({ url: endpoint, headers }).subscribe(request, sink);
const ask = (request, headers, sink) => {
  const stopped = new AbortController();
  fetch(endpoint, {
    method: 'POST',
    headers: { accept: 'application/json', 'content-type': 'application/json', ...headers },
    body: JSON.stringify(request),
    signal: stopped.signal,
  })
    .then((response) => response.json())
    .then((answer) => {
      sink.next(answer);
      sink.complete();
    })
    .catch((error) => {
      if (!stopped.signal.aborted) sink.error(error);
    });
  return () => stopped.abort();
};
const fetcher = (request, { headers = {}, documentAST } = {}) => {
  if (request.operationName !== 'IntrospectionQuery') isToRun = false;
  const send = isSubscription(request, documentAST) ? follow : ask;
  return { subscribe: (sink) => ({ unsubscribe: send(request, headers, sink) }) };
};

const noteInAddress = (changes) => {
  const url = new URL(location.href);
  for (const [name, value] of Object.entries(changes)) {
    if (value) url.searchParams.set(name, value);
    else url.searchParams.delete(name);
  }
  history.replaceState(null, '', url);
};
// GraphiQL also calls what it opens on an edit.
let shownQuery = opened.query;
const root = ReactDOM.createRoot(document.querySelector('#root'));
const show = (operationName) =>
  root.render(
    React.createElement(
      GraphiQL,
      {
        fetcher,
        defaultQuery: example,
        ...opened,
        operationName,
        shouldPersistHeaders: true,
        schemaDescription: true,
        inputValueDeprecation: true,
        defaultEditorToolsVisibility: true,
        onEditQuery: (query) => {
          if (query === shownQuery) return;
          shownQuery = query;
          noteInAddress({ query, operationName: undefined });
          show();
        },
        onEditVariables: (variables) => noteInAddress({ variables }),
      },
      React.createElement(GraphiQL.Logo, null, 'utmql'),
    ),
  );
show(linked && (asked.get('operationName') || undefined));

// Until the editors are there, the button does nothing.
const runWhenReady = () => {
  if (!isToRun) return;
  document.querySelector('.graphiql-execute-button')?.click();
  setTimeout(runWhenReady, 20);
};
runWhenReady();
`;
