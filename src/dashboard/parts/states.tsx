import type { ComponentChildren } from 'preact';
import type { Problem } from '../api/problem.ts';
import type { Asked } from '../api/use-answer.ts';
import { usePage } from '../page/context.ts';
import type { Say } from '../text/messages.ts';

const told = [
  'UNREACHABLE',
  'UNAUTHENTICATED',
  'FORBIDDEN',
  'RATE_LIMITED',
  'STORE_UNAVAILABLE',
  'TIMEOUT',
] as const;

/** What went wrong and what to do, in the reader’s language where the page knows the code. */
function problemText(say: Say, { code, message }: Problem): string {
  const known = told.find((one) => one === code);
  return say(known === undefined ? 'problem.other' : `problem.${known}`, { message });
}

/** Says why there is nothing to see, and lets the reader try again, or log in. */
export function ProblemNote({ problem, again }: { problem: Problem; again: () => void }) {
  const { say } = usePage();
  return (
    <div class="note bad" role="alert">
      <p>{problemText(say, problem)}</p>
      {problem.code === 'UNAUTHENTICATED' ? (
        <a class="button" href="/login">
          {say('logIn')}
        </a>
      ) : (
        <button type="button" class="button" onClick={again}>
          {say('tryAgain')}
        </button>
      )}
    </div>
  );
}

/** Says what went wrong with something that the reader has just done. */
export function ProblemText({ problem }: { problem: Problem }) {
  const { say } = usePage();
  return (
    <p class="problem" role="alert">
      {problemText(say, problem)}
    </p>
  );
}

/** Says that there is nothing, and what to do about it. */
export function EmptyNote({ title, children }: { title: string; children?: ComponentChildren }) {
  return (
    <div class="note empty">
      <strong>{title}</strong>
      {children}
    </div>
  );
}

/** A part of the page with a heading. While it loads, it keeps its place and says so to screen readers. */
export function Panel(props: {
  readonly title: string;
  readonly class?: string;
  readonly actions?: ComponentChildren;
  readonly isLoading?: boolean;
  readonly children: ComponentChildren;
}) {
  const { title, actions, isLoading = false, children } = props;
  return (
    <section class={`panel ${props.class ?? ''}`} aria-busy={isLoading}>
      <header>
        <h2>{title}</h2>
        {actions}
      </header>
      {children}
    </section>
  );
}

/** Tells what is missing of an answer that came in parts. */
export function PartialNote({ asked }: { asked: Pick<Asked<unknown>, 'problems' | 'again'> }) {
  const { say } = usePage();
  const [problem] = asked.problems;
  if (problem === undefined) return null;
  return (
    <div class="note warn" role="status">
      <p>{say('partial', { reason: problemText(say, problem) })}</p>
      <button type="button" class="button" onClick={asked.again}>
        {say('tryAgain')}
      </button>
    </div>
  );
}
