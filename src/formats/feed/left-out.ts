/** Replaces an element that the source's settings exclude, so that the others keep their positions. */
export const leftOut = Symbol('left out');
