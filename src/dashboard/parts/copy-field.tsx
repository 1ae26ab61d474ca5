import { useState } from 'preact/hooks';
import { usePage } from '../page/context.ts';

/** A text to take along, and a button that copies it. */
export function CopyField({ label, text }: { label: string; text: string }) {
  const { say } = usePage();
  const [copied, setCopied] = useState<string>();
  return (
    <div class="copy-field">
      <label>
        {label}
        <input readOnly value={text} onFocus={({ currentTarget }) => currentTarget.select()} />
      </label>
      <button
        type="button"
        class="button"
        aria-label={`${say('copy')}: ${label}`}
        onClick={() => {
          navigator.clipboard.writeText(text).then(
            () => setCopied(text),
            () => setCopied(undefined),
          );
        }}
      >
        {say(copied === text ? 'copied' : 'copy')}
      </button>
    </div>
  );
}
