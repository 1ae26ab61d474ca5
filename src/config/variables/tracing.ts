import { z } from 'zod';
import { headerList, httpUrl, optional, share } from './values.ts';
import type { Variable } from './variable.ts';

/** Where traces go (OpenTelemetry). */
export const tracingVariables = {
  OTEL_EXPORTER_OTLP_ENDPOINT: {
    parse: optional(httpUrl),
    description:
      'OpenTelemetry collector for traces (OTLP over HTTP, at its `/v1/traces`). Without it and `OTEL_EXPORTER_OTLP_TRACES_ENDPOINT`, utmql sends no traces.',
  },
  OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: {
    parse: optional(httpUrl),
    description: 'Full URL of the collector, including the path.',
  },
  OTEL_EXPORTER_OTLP_HEADERS: {
    parse: headerList,
    default: '',
    secret: true,
    description: 'Headers for the collector: `name=value,name=value`, percent-encoded.',
  },
  OTEL_SERVICE_NAME: {
    parse: z.string().min(1),
    default: 'utmql',
    description: 'Name of this service in traces.',
  },
  OTEL_TRACES_SAMPLER_ARG: {
    parse: share,
    default: '1',
    description: 'Share of traces to keep, 0 to 1, if the caller’s `traceparent` does not decide.',
  },
} as const satisfies Readonly<Record<string, Variable<unknown>>>;
