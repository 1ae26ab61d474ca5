import type { ComponentChildren } from 'preact';

/** One state of one component. What a reader gets of it is kept beside the test that looks at all stories. */
export interface Story {
  readonly component: string;
  readonly state: string;
  /** Parameters of the address, as the page has them: what is filtered, compared, sorted. */
  readonly search?: string;
  readonly view: () => ComponentChildren;
}

export const nothing = (): void => undefined;
export const days = Array.from({ length: 7 }, (_, index) => `2026-03-0${index + 1}`);
