import type { TypedDocumentString } from '../../../schema/generated/dashboard/graphql.ts';
import { idOf } from './ask.ts';

/**
 * Follows a subscription by server-sent events until it ends or `signal` is aborted.
 *
 * @throws Error when the connection breaks
 */
export async function follow<Data, Variables>(
  document: TypedDocumentString<Data, Variables>,
  variables: Variables,
  onData: (data: Data) => void,
  signal: AbortSignal,
): Promise<void> {
  const response = await fetch('/graphql', {
    method: 'POST',
    headers: { accept: 'text/event-stream', 'content-type': 'application/json' },
    body: JSON.stringify({ documentId: idOf(document), variables }),
    signal,
  });
  if (!response.ok || response.body === null) throw new Error(`HTTP ${response.status}`);
  const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
  let rest = '';
  for (let { done, value = '' } = await reader.read(); !done; { done, value = '' } = await reader.read()) {
    const events = (rest + value).split('\n\n');
    rest = events.pop() ?? '';
    for (const event of events) {
      const [, text] = /^data: ?(\{.*)$/m.exec(event) ?? [];
      const result = text === undefined ? undefined : (JSON.parse(text) as { data?: Data | null });
      if (result?.data) onData(result.data);
    }
  }
}
