import { currentSchemaVersion } from './contract-field.ts';
import { displayValue, RejectError } from './outcome.ts';

const supportedMajor = Number.parseInt(currentSchemaVersion, 10);

/**
 * Rejects a record with an unknown major version of the contract, because its fields may have another meaning. Minor versions
 * only add fields, which are kept like unknown ones.
 */
export function checkSchemaVersion(raw: Readonly<Record<string, unknown>>): void {
  const version = raw.schema_version;
  if (version === undefined || version === null || version === '') return;
  const text = typeof version === 'number' || typeof version === 'string' ? String(version).trim() : '';
  const major = /^\d+(\.\d+){0,2}$/.test(text) ? Number.parseInt(text, 10) : undefined;
  if (major === supportedMajor) return;
  const expected =
    major !== undefined && major > supportedMajor
      ? `the highest version that is supported is ${currentSchemaVersion}`
      : `expected a version such as "${currentSchemaVersion}"`;
  throw new RejectError(
    'unsupported_schema_version',
    'schema_version',
    `schema_version is ${displayValue(version)}; ${expected}.`,
  );
}
