/** How a file can be asked for: by any arguments, or only as a document of the manifests. */
export type ExportForm = 'arguments' | PersistedForm;

export interface PersistedForm {
  readonly documentId: string;
  readonly variables: Readonly<Record<string, unknown>>;
}
