import { GraphQLError } from 'graphql';
import type { Authenticator } from '../access/authenticator.ts';
import type { Identity } from '../access/caller.ts';
import { unauthenticated } from '../access/refusals.ts';

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
      const step = await Promise.race([next, tick()]);
      if (!(await isValid(identity))) {
        yield shutOut();
        return;
      }
      if (step === undefined) continue;
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

const tick = (): Promise<undefined> =>
  new Promise((resolve) => {
    setTimeout(resolve, lookEveryMs, undefined).unref();
  });
