import { useEffect, useState } from 'preact/hooks';

/** Where the page is: a path and its parameters. */
interface Place {
  readonly path: string;
  readonly search: URLSearchParams;
}

export interface Router {
  readonly place: Place;
  /** Goes to an address of the page; the browser’s back button leads back. `replace` is for what is not worth a step back. */
  go(address: string, options?: { replace?: boolean }): void;
}

const here = (): Place => ({
  path: window.location.pathname,
  search: new URLSearchParams(window.location.search),
});

/** @param owns whether a path is one of the page’s, and not of the server’s */
export function useRouter(owns: (path: string) => boolean): Router {
  const [place, setPlace] = useState(here);
  const go: Router['go'] = (address, { replace = false } = {}) => {
    if (replace) window.history.replaceState(null, '', address);
    else window.history.pushState(null, '', address);
    setPlace(here());
  };
  useEffect(() => {
    const update = (): void => setPlace(here());
    /** Links within the page need no request. */
    const follow = (event: MouseEvent): void => {
      const link = event.target instanceof Element ? event.target.closest('a') : null;
      if (link === null || event.defaultPrevented || event.button !== 0) return;
      if (event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return;
      if (link.origin !== window.location.origin || !owns(link.pathname) || link.hash || link.target) return;
      event.preventDefault();
      const isOtherPage = link.pathname !== window.location.pathname;
      go(link.pathname + link.search);
      if (isOtherPage) window.scrollTo(0, 0);
    };
    window.addEventListener('popstate', update);
    document.addEventListener('click', follow);
    return () => {
      window.removeEventListener('popstate', update);
      document.removeEventListener('click', follow);
    };
  }, []);
  return { place, go };
}
