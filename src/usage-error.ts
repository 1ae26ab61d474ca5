/** A command line that cannot be. Its message is one sentence that says what to change; nothing has been started. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
}
