import type { KeyChange } from '../access/key-changes.ts';
import type { AuditLog } from './audit-log.ts';

/**
 * Notes the change of a key in each workspace of the key. The actor is unknown, because the keys command changes the file on its
 * machine.
 */
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
