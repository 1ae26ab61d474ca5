export function Logo() {
  return (
    <svg class="logo" viewBox="0 0 32 32" width="24" height="24" aria-hidden="true">
      <rect width="32" height="32" rx="8" />
      <path d="M8 22V15M14 22V10M20 22v-5M26 22V7" />
    </svg>
  );
}
