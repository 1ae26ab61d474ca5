import type { ComponentChildren } from 'preact';
import { useEffect, useRef } from 'preact/hooks';

/** A button that opens a box below it. It closes by Escape, by a click elsewhere, and when `version` changes. */
export function Menu(props: {
  readonly label: ComponentChildren;
  /** What the button is, where its text does not say so. */
  readonly name?: string;
  readonly class?: string;
  readonly version?: string;
  readonly onToggle?: (isOpen: boolean) => void;
  readonly children: ComponentChildren;
}) {
  const holder = useRef<HTMLDetailsElement>(null);
  const close = (): void => {
    if (holder.current) holder.current.open = false;
  };
  useEffect(() => {
    const onClick = (event: MouseEvent): void => {
      if (event.target instanceof Node && !holder.current?.contains(event.target)) close();
    };
    document.addEventListener('click', onClick);
    return () => document.removeEventListener('click', onClick);
  }, []);
  useEffect(close, [props.version]);
  const onKeyDown = (event: KeyboardEvent): void => {
    if (event.key !== 'Escape' || !holder.current?.open) return;
    close();
    holder.current.querySelector('summary')?.focus();
  };
  return (
    <details
      class={`menu ${props.class ?? ''}`}
      ref={holder}
      onKeyDown={onKeyDown}
      onToggle={(event) => props.onToggle?.(event.currentTarget.open)}
    >
      <summary class="button" aria-label={props.name}>
        {props.label}
      </summary>
      <div class="menu-box">{props.children}</div>
    </details>
  );
}
