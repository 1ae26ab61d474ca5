import { AsyncLocalStorage } from 'node:async_hooks';
import { type Context, ROOT_CONTEXT, SpanKind, SpanStatusCode, TraceFlags, trace } from '@opentelemetry/api';
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-http';
import { resourceFromAttributes } from '@opentelemetry/resources';
import {
  BatchSpanProcessor,
  NodeTracerProvider,
  ParentBasedSampler,
  TraceIdRatioBasedSampler,
} from '@opentelemetry/sdk-trace-node';
import { UtmqlError } from '../errors.ts';
import { fulfilsWithin } from '../time.ts';
import type { Span, Tracer } from '../tracer.ts';

export interface OtlpOptions {
  /** The full URL for traces of the collector. */
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly serviceName: string;
  /** Share of the traces started here that are sampled. */
  readonly share: number;
}

const sendTimeoutMs = 2_000;
/** Maximum wait for the collector at shutdown. */
const closeWithinMs = 3_000;

const kinds = { server: SpanKind.SERVER, client: SpanKind.CLIENT, internal: SpanKind.INTERNAL } as const;

/**
 * Returns a tracer that sends spans to a collector in batches, in the background. Spans that the collector does not accept are
 * dropped.
 */
export function createOtlpTracer(options: OtlpOptions): Tracer {
  const exporter = new OTLPTraceExporter({
    url: options.url,
    headers: { ...options.headers },
    timeoutMillis: sendTimeoutMs,
  });
  const provider = new NodeTracerProvider({
    resource: resourceFromAttributes({ 'service.name': options.serviceName }),
    sampler: new ParentBasedSampler({ root: new TraceIdRatioBasedSampler(options.share) }),
    spanProcessors: [new BatchSpanProcessor(exporter, { exportTimeoutMillis: sendTimeoutMs })],
  });
  const tracer = provider.getTracer('utmql');
  // Not the API's global context, so that several programs in one process, as in tests, stay separate.
  const storage = new AsyncLocalStorage<Context>();
  const current = (): Context => storage.getStore() ?? ROOT_CONTEXT;

  return {
    async span({ name, kind, attributes, parent }, work) {
      const context = contextOf(parent) ?? current();
      const span = tracer.startSpan(name, { kind: kinds[kind], attributes: { ...attributes } }, context);
      const handle: Span = {
        set: (more) => void span.setAttributes({ ...more }),
        fail(code) {
          span.setAttribute('error.type', code);
          span.setStatus({ code: SpanStatusCode.ERROR });
        },
      };
      try {
        return await storage.run(trace.setSpan(context, span), async () => work(handle));
      } catch (error) {
        // Neither message nor stack, because they can contain what a caller sent.
        handle.fail(error instanceof UtmqlError ? error.code : 'INTERNAL');
        throw error;
      } finally {
        span.end();
      }
    },
    headers() {
      const at = trace.getSpanContext(current());
      if (at === undefined) return {};
      const flags = at.traceFlags.toString(16).padStart(2, '0');
      return { traceparent: `00-${at.traceId}-${at.spanId}-${flags}` };
    },
    async close() {
      await fulfilsWithin(
        provider.shutdown().catch(() => undefined),
        closeWithinMs,
      );
    },
  };
}

/** Returns undefined if the header is missing or not a valid `traceparent` (W3C Trace Context). A new trace then starts here. */
function contextOf(traceparent: string | undefined): Context | undefined {
  const [, traceId, spanId, flags] =
    /^(?!ff)[\da-f]{2}-(?!0{32})([\da-f]{32})-(?!0{16})([\da-f]{16})-([\da-f]{2})(?:-|$)/.exec(
      traceparent ?? '',
    ) ?? [];
  if (traceId === undefined || spanId === undefined || flags === undefined) return undefined;
  const traceFlags = Number.parseInt(flags, 16) & TraceFlags.SAMPLED;
  return trace.setSpanContext(ROOT_CONTEXT, { traceId, spanId, traceFlags, isRemote: true });
}
