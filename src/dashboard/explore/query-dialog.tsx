import { useRef, useState } from 'preact/hooks';
import { usePage } from '../page/context.ts';
import { useView } from '../page/use-view.ts';
import type { ExploreChoice } from './explore-view.ts';
import { type QueryTexts, queryTexts } from './query-text.ts';

const kinds = ['graphql', 'variables', 'curl', 'typescript'] as const satisfies readonly (keyof QueryTexts)[];

/** Shows the question behind the table, to be asked elsewhere. */
export function QueryDialog({ choice }: { choice: ExploreChoice }) {
  const { say, session } = usePage();
  const { view } = useView();
  const dialog = useRef<HTMLDialogElement>(null);
  const [kind, setKind] = useState<keyof QueryTexts>('graphql');
  const [isCopied, setCopied] = useState(false);
  const texts = queryTexts(view, choice, window.location.origin);
  const graphiql = `/graphql?${new URLSearchParams({ query: texts.graphql, variables: texts.variables }).toString()}`;
  return (
    <>
      <button type="button" class="button" onClick={() => dialog.current?.showModal()}>
        {say('showQuery')}
      </button>
      <dialog ref={dialog} aria-label={say('showQuery')} class="query">
        <nav class="tabs">
          {kinds.map((one) => (
            <button
              key={one}
              type="button"
              aria-pressed={one === kind}
              onClick={() => {
                setKind(one);
                setCopied(false);
              }}
            >
              {say(`query.${one}`)}
            </button>
          ))}
        </nav>
        <pre tabIndex={0} role="region" aria-label={say(`query.${kind}`)}>
          {texts[kind]}
        </pre>
        {!session.hasGraphiql && <p class="quiet">{say('trustedOnly')}</p>}
        <footer>
          <button
            type="button"
            class="button strong"
            onClick={() => {
              navigator.clipboard.writeText(texts[kind]).then(
                () => setCopied(true),
                () => setCopied(false),
              );
            }}
          >
            {say(isCopied ? 'copied' : 'copy')}
          </button>
          {session.hasGraphiql && (
            <a class="button" href={graphiql}>
              {say('openGraphiql')}
            </a>
          )}
          <button type="button" class="button" onClick={() => dialog.current?.close()}>
            {say('close')}
          </button>
        </footer>
      </dialog>
    </>
  );
}
