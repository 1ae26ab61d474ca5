import { useRef, useState } from 'preact/hooks';
import {
  DashboardDeleteViewDocument,
  DashboardSaveViewDocument,
  DashboardSetHomeViewDocument,
  DashboardViewsDocument,
  type DashboardViewsQuery,
} from '../../../schema/generated/dashboard/graphql.ts';
import { ask } from '../api/ask.ts';
import { useAction } from '../api/use-action.ts';
import { useAnswer } from '../api/use-answer.ts';
import { usePage } from '../page/context.ts';
import { Menu } from '../parts/menu.tsx';
import { ProblemNote, ProblemText } from '../parts/states.tsx';
import { ShareDialog } from './share-dialog.tsx';

type View = DashboardViewsQuery['savedViews'][number];

/**
 * The saved views of the workspace. Nothing is asked before the menu is opened.
 *
 * @param props.address what is shown now, whole: with what the browser has kept of the reader’s choices
 */
export function ViewsMenu({ address }: { address: string }) {
  const { say } = usePage();
  const [isOpen, setOpen] = useState(false);
  return (
    <Menu label={say('views')} class="views-menu" version={address} onToggle={setOpen}>
      {isOpen && <ViewsBox address={address} />}
    </Menu>
  );
}

function ViewsBox({ address }: { address: string }) {
  const { say, session } = usePage();
  const asked = useAnswer(DashboardViewsDocument, {});
  const [changing, setChanging] = useState<string>();
  const [saved, setSaved] = useState<string>();
  const box = useRef<HTMLDivElement>(null);
  const views = asked.data?.savedViews;
  const onDone = (name?: string): void => {
    // What was pressed goes away: the keyboard stays in the menu.
    box.current?.focus();
    setChanging(undefined);
    setSaved(name);
    asked.again();
  };
  return (
    <div ref={box} class="views-box" tabIndex={-1}>
      {asked.problem && <ProblemNote problem={asked.problem} again={asked.again} />}
      <ul class="view-list" aria-label={say('views')} aria-busy={asked.isLoading}>
        {views?.map((view) => (
          <li key={view.id}>
            <div class="view-row">
              <a href={view.address} aria-current={view.address === address ? 'true' : undefined}>
                <span>{view.name}</span>
                {view.isHome && <span class="badge">{say('homeView')}</span>}
                <span class="quiet">{view.isOwn ? say('ownView') : view.owner}</span>
              </a>
              {(view.mayChange || session.role === 'admin') && (
                <button
                  type="button"
                  class="icon"
                  aria-expanded={changing === view.id}
                  aria-label={say('changeView', { name: view.name })}
                  onClick={() => setChanging(changing === view.id ? undefined : view.id)}
                >
                  ⋯
                </button>
              )}
            </div>
            {changing === view.id && <ChangeView view={view} address={address} onDone={onDone} />}
          </li>
        ))}
      </ul>
      {views?.length === 0 && <p class="quiet">{say('noViews')}</p>}
      <SaveForm address={address} onDone={onDone} />
      <p class="quiet" role="status">
        {saved !== undefined && say('viewSaved', { name: saved })}
      </p>
    </div>
  );
}

function SaveForm({ address, onDone }: { address: string; onDone: (name: string) => void }) {
  const { say } = usePage();
  const [name, setName] = useState('');
  const { isBusy, problem, run } = useAction();
  return (
    <form
      class="view-form"
      onSubmit={(event) => {
        event.preventDefault();
        run(async () => {
          await ask(DashboardSaveViewDocument, { input: { name, address } }, { isMutation: true });
          setName('');
          onDone(name.trim());
        });
      }}
    >
      <label>
        {say('saveView')}
        <input
          required
          maxLength={100}
          autocomplete="off"
          placeholder={say('viewName')}
          value={name}
          onInput={({ currentTarget }) => setName(currentTarget.value)}
        />
      </label>
      <button type="submit" class="button strong" disabled={isBusy}>
        {say('save')}
      </button>
      {problem && <ProblemText problem={problem} />}
    </form>
  );
}

/** What may be done with a view: another name, what is shown now, home, a link, and its end. */
function ChangeView(props: {
  readonly view: View;
  readonly address: string;
  readonly onDone: (name?: string) => void;
}) {
  const { view, address, onDone } = props;
  const { say, session, questionsOf } = usePage();
  const questions = session.role === 'admin' ? questionsOf(view.address) : undefined;
  const [name, setName] = useState(view.name);
  const [isEnding, setEnding] = useState(false);
  const { isBusy, problem, run } = useAction();
  const dialog = useRef<HTMLDialogElement>(null);
  const save = (input: { name: string; address: string }): void =>
    run(async () => {
      await ask(DashboardSaveViewDocument, { input: { id: view.id, ...input } }, { isMutation: true });
      onDone(input.name.trim());
    });
  const isAdmin = session.role === 'admin';
  return (
    <div class="view-change">
      <form
        class="view-form"
        onSubmit={(event) => {
          event.preventDefault();
          save({ name, address: view.address });
        }}
      >
        <label>
          {say('viewName')}
          <input
            required
            maxLength={100}
            autocomplete="off"
            value={name}
            onInput={({ currentTarget }) => setName(currentTarget.value)}
          />
        </label>
        <button type="submit" class="button" disabled={isBusy || name.trim() === view.name}>
          {say('rename')}
        </button>
      </form>
      <div class="actions">
        <button
          type="button"
          class="button"
          disabled={isBusy || view.address === address}
          onClick={() => save({ name: view.name, address })}
        >
          {say('updateView')}
        </button>
        {isAdmin && (
          <button
            type="button"
            class="button"
            disabled={isBusy}
            onClick={() =>
              run(async () => {
                const id = view.isHome ? null : view.id;
                await ask(DashboardSetHomeViewDocument, { id }, { isMutation: true });
                onDone();
              })
            }
          >
            {say(view.isHome ? 'endHome' : 'makeHome')}
          </button>
        )}
        {questions && (
          <button type="button" class="button" onClick={() => dialog.current?.showModal()}>
            {say('shareView')}
          </button>
        )}
        <button
          type="button"
          class="button"
          disabled={isBusy}
          aria-expanded={isEnding}
          onClick={() => setEnding(!isEnding)}
        >
          {say('deleteView')}
        </button>
      </div>
      {isEnding && (
        <div class="confirm" role="alert">
          <p>{say('confirmDelete', { name: view.name })}</p>
          <button
            type="button"
            class="button strong"
            disabled={isBusy}
            onClick={() =>
              run(async () => {
                await ask(DashboardDeleteViewDocument, { id: view.id }, { isMutation: true });
                onDone();
              })
            }
          >
            {say('confirm')}
          </button>
        </div>
      )}
      {problem && <ProblemText problem={problem} />}
      {questions && <ShareDialog view={view} questions={questions} holder={dialog} />}
    </div>
  );
}
