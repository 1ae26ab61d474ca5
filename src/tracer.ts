/** Values that say what a span did. Never SQL, figures, names of people or what a caller sent. */
type SpanAttributes = Readonly<Record<string, string | number | boolean>>;

/** A piece of work in a trace, while it goes on. */
export interface Span {
  set(attributes: SpanAttributes): void;
  /** It went wrong; `code` is one of the program's own, or a status. */
  fail(code: string): void;
}

export interface SpanStart {
  readonly name: string;
  /** `server`: asked from outside. `client`: asks something outside. */
  readonly kind: 'server' | 'client' | 'internal';
  readonly attributes?: SpanAttributes;
  /** W3C `traceparent` of whoever asked. Without it, the parent is the span at work. */
  readonly parent?: string | undefined;
}

/** Follows a request from HTTP through GraphQL to ClickHouse. */
export interface Tracer {
  /** Does the work in a span, which is the parent of those that begin in it. What the work throws marks it as failed. */
  span<T>(start: SpanStart, work: (span: Span) => T | Promise<T>): Promise<T>;
  /** What to send on, so that the trace goes on there: `traceparent`, or nothing. */
  headers(): Readonly<Record<string, string>>;
  /** Sends what is left, for a moment at most; never throws. */
  close(): Promise<void>;
}

const noSpan: Span = { set: () => undefined, fail: () => undefined };
const noHeaders = {};

/** Where no collector is configured. */
export const noTracer: Tracer = {
  span: async (_start, work) => work(noSpan),
  headers: () => noHeaders,
  close: async () => undefined,
};
