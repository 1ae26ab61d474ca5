import type { KeyChange } from '../access/key-changes.ts';
import type { AuditLog } from './audit-log.ts';

/** Who changed a key is not known here: the command works on the file, on the machine that has it. Each workspace of a key is told. */
export function noteKeyChange(audit: Pick<AuditLog, 'note'>, { what, key }: KeyChange): void {
  const { id, role, workspaces } = key;
  for (const workspace of workspaces === 'all' ? [''] : workspaces) {
    audit.note({
      kind: 'key',
      action: what,
      outcome: 'ok',
      actor: undefined,
      workspace,
      requestId: '',
      durationMs: 0,
      attempts: 1,
      details: { keyId: id, role },
    });
  }
}
