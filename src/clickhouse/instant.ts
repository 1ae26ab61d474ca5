import { z } from 'zod';

/** A DateTime64 of an answer. */
export const instant = z.string().transform((text) => new Date(text));
