import type { RefObject } from 'preact';
import { useEffect, useId, useState } from 'preact/hooks';
import {
  DashboardRevokeShareLinkDocument,
  DashboardShareLinksDocument,
  DashboardShareViewDocument,
  type DashboardViewsQuery,
  type SharedQuestionInput,
} from '../../../schema/generated/dashboard/graphql.ts';
import { ask } from '../api/ask.ts';
import { useAction } from '../api/use-action.ts';
import { useAnswer } from '../api/use-answer.ts';
import { usePage } from '../page/context.ts';
import { CopyField } from '../parts/copy-field.tsx';
import { ProblemNote, ProblemText } from '../parts/states.tsx';

const usualDays = 30;
const mostDays = 365;

/** Makes links that show a view to whoever has them, and ends them. The address of a link is shown once. */
export function ShareDialog(props: {
  readonly view: DashboardViewsQuery['savedViews'][number];
  /** What a link is to answer. */
  readonly questions: SharedQuestionInput[];
  readonly holder: RefObject<HTMLDialogElement | null>;
}) {
  const { view, questions, holder } = props;
  const { say, formats, session } = usePage();
  const id = useId();
  const isOpen = useIsOpen(holder);
  const links = useAnswer(DashboardShareLinksDocument, isOpen ? { viewId: view.id } : undefined);
  const [days, setDays] = useState(String(usualDays));
  const [url, setUrl] = useState<string>();
  const { isBusy, problem, run } = useAction();
  const share = async (): Promise<void> => {
    const { data } = await ask(
      DashboardShareViewDocument,
      { input: { viewId: view.id, questions, expiresInDays: Number(days) } },
      { isMutation: true },
    );
    setUrl(window.location.origin + data.shareView.url);
    links.again();
  };
  const revoke = async (linkId: string): Promise<void> => {
    await ask(DashboardRevokeShareLinkDocument, { id: linkId }, { isMutation: true });
    // It may be the one that was just made.
    setUrl(undefined);
    links.again();
  };
  return (
    <dialog
      ref={holder}
      class="query share"
      aria-labelledby={`${id}-title`}
      onKeyDown={(event) => {
        // It closes the dialog, and not the menu behind it, too.
        if (event.key === 'Escape') event.stopPropagation();
      }}
    >
      <h2 id={`${id}-title`}>{say('shareTitle', { name: view.name })}</h2>
      <p class="quiet">{say('shareHint')}</p>
      <form
        class="view-form"
        onSubmit={(event) => {
          event.preventDefault();
          run(share);
        }}
      >
        <label>
          {say('shareDays')}
          <input
            type="number"
            required
            min={1}
            max={mostDays}
            value={days}
            onInput={({ currentTarget }) => setDays(currentTarget.value)}
          />
        </label>
        <button type="submit" class="button strong" disabled={isBusy}>
          {say('makeLink')}
        </button>
      </form>
      {problem && <ProblemText problem={problem} />}
      {url !== undefined && (
        <div role="status">
          <CopyField label={say('shareLink')} text={url} />
          <p class="quiet">{say('shownOnce')}</p>
          {session.canEmbed && <CopyField label={say('embed')} text={frameOf(url)} />}
        </div>
      )}
      <h3>{say('shareLinks')}</h3>
      {links.problem && <ProblemNote problem={links.problem} again={links.again} />}
      <ul class="link-list" aria-busy={links.isLoading}>
        {links.data?.shareLinks.map((link) => (
          <li key={link.id}>
            <span>
              {say('shareUntil', { at: formats.instant(link.expiresAt) })}{' '}
              <span class="quiet">
                {say('shareMade', { who: link.createdBy, at: formats.instant(link.createdAt) })}
              </span>
            </span>
            <button
              type="button"
              class="button"
              disabled={isBusy}
              aria-label={say('revokeLink', { at: formats.instant(link.createdAt) })}
              onClick={() => run(() => revoke(link.id))}
            >
              {say('revoke')}
            </button>
          </li>
        ))}
      </ul>
      {links.data?.shareLinks.length === 0 && <p class="quiet">{say('noLinks')}</p>}
      <footer>
        <button type="button" class="button" onClick={() => holder.current?.close()}>
          {say('close')}
        </button>
      </footer>
    </dialog>
  );
}

/** No character of a link needs an escape in an attribute. */
const frameOf = (url: string): string => `<iframe src="${url}" width="100%" height="900"></iframe>`;

function useIsOpen(holder: RefObject<HTMLDialogElement | null>): boolean {
  const [isOpen, setOpen] = useState(false);
  useEffect(() => {
    const dialog = holder.current;
    if (dialog === null) return undefined;
    const update = (): void => setOpen(dialog.open);
    const observer = new MutationObserver(update);
    observer.observe(dialog, { attributes: true, attributeFilter: ['open'] });
    return () => observer.disconnect();
  }, []);
  return isOpen;
}
