/** Stands in the place of an element that its source's settings leave out, so that the others keep their positions. */
export const leftOut = Symbol('left out');
