import { GraphQLError } from 'graphql';
import type { Authenticator } from '../access/authenticator.ts';
import type { Identity } from '../access/caller.ts';
import { unauthenticated } from '../access/refusals.ts';
import { fulfilsWithin } from '../time.ts';

/** How soon whoever follows something is shut out once their key is revoked or their token has expired. */
const lookEveryMs = 1_000;

const shutOut = (): { readonly errors: readonly GraphQLError[] } => {
  const { message, code } = unauthenticated('The key has been revoked, or it or the token has expired.');
  return { errors: [new GraphQLError(message, { extensions: { code } })] };
};

/** The same events while `identity` may stay; then an error, and the end. */
export async function* whileValid<Event>(
  events: AsyncIterable<Event>,
  identity: Identity,
  { isValid }: Pick<Authenticator, 'isValid'>,
): AsyncGenerator<Event | ReturnType<typeof shutOut>> {
  const iterator = events[Symbol.asyncIterator]();
  let next = iterator.next();
  try {
    for (;;) {
      const hasCome = await fulfilsWithin(next, lookEveryMs);
      if (!(await isValid(identity))) {
        yield shutOut();
        return;
      }
      if (!hasCome) continue;
      const step = await next;
      if (step.done === true) return;
      yield step.value;
      next = iterator.next();
    }
  } finally {
    // What the source still was to say is nobody's.
    next.catch(() => undefined);
    void iterator.return?.()?.catch(() => undefined);
  }
}
