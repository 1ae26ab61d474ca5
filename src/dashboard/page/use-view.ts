import { addressOf } from '../view/address.ts';
import { parseView, printView, type View } from '../view/view.ts';
import { usePage } from './context.ts';

/** Parameters of a page of its own. One that is undefined goes; a list stands several times. */
type OwnChanges = Readonly<Record<string, string | readonly string[] | undefined>>;

/** The view that the address describes, and ways to another one. */
export interface ViewControl {
  readonly view: View;
  /** The parameters that are the page’s own: all that are no part of the view. */
  readonly own: URLSearchParams;
  /** The address of the same page with changes. */
  address(changes: Partial<View>, own?: OwnChanges): string;
  change(changes: Partial<View>, own?: OwnChanges): void;
}

const viewParameters = new Set(['range', 'from', 'to', 'compare', 'f', 'by', 'week', 'currency']);

export function useView(): ViewControl {
  const { place, go } = usePage();
  const view = parseView(place.search);
  const own = new URLSearchParams([...place.search].filter(([name]) => !viewParameters.has(name)));
  const address: ViewControl['address'] = (changes, ownChanges = {}) => {
    const search = printView({ ...view, ...changes });
    for (const [name, value] of own) if (!Object.hasOwn(ownChanges, name)) search.append(name, value);
    for (const [name, value] of Object.entries(ownChanges))
      for (const one of [value ?? []].flat()) search.append(name, one);
    return addressOf(place.path, search);
  };
  return { view, own, address, change: (...changes) => go(address(...changes)) };
}
