import type { ComponentProps } from 'preact';
import { usePage } from '../page/context.ts';

/** A link to another state of the page. A shared view has no other: there its text is all that is left. */
export function ViewLink({ children, ...props }: ComponentProps<'a'>) {
  const { shared } = usePage();
  if (shared === undefined) return <a {...props}>{children}</a>;
  // What is left out is about where it leads.
  const { href: _href, title: _title, 'aria-label': _label, ...rest } = props;
  return <span {...(rest as ComponentProps<'span'>)}>{children}</span>;
}
