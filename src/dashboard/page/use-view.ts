import { addressOf } from '../view/address.ts';
import { parseView, printView, type View } from '../view/view.ts';
import { usePage } from './context.ts';

/** The view that the address describes, and ways to another one. */
export interface ViewControl {
  readonly view: View;
  /** The parameters that are the page’s own: all that are no part of the view. */
  readonly own: URLSearchParams;
  /** The address of the same page with changes. An own parameter that is undefined goes. */
  address(changes: Partial<View>, own?: Readonly<Record<string, string | undefined>>): string;
  change(changes: Partial<View>, own?: Readonly<Record<string, string | undefined>>): void;
}

const viewParameters = new Set(['range', 'from', 'to', 'compare', 'f', 'by', 'week', 'currency']);

export function useView(): ViewControl {
  const { place, go } = usePage();
  const view = parseView(place.search);
  const own = new URLSearchParams([...place.search].filter(([name]) => !viewParameters.has(name)));
  const address: ViewControl['address'] = (changes, ownChanges = {}) => {
    const search = printView({ ...view, ...changes });
    const merged = { ...Object.fromEntries(own), ...ownChanges };
    for (const [name, value] of Object.entries(merged)) if (value !== undefined) search.set(name, value);
    return addressOf(place.path, search);
  };
  return { view, own, address, change: (...changes) => go(address(...changes)) };
}
