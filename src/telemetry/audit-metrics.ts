import { Counter, type Registry } from 'prom-client';

export interface AuditMetrics {
  /** Rows of the audit log were dropped because the store was unavailable. They are only in the log lines. */
  onAuditDropped(rows: number): void;
}

export function createAuditMetrics(registry: Registry): AuditMetrics {
  const dropped = new Counter({
    name: 'audit_rows_dropped_total',
    help: 'Rows of the audit log that were dropped because ClickHouse was unavailable; their log lines were written.',
    registers: [registry],
  });
  return { onAuditDropped: (rows) => dropped.inc(rows) };
}
