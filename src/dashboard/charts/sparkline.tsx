const [width, height] = [120, 32];

/** The course of a figure at a glance. Figures that are missing are gaps. It says nothing that the chart does not, so screen readers skip it. */
export function Sparkline({ values }: { values: readonly (number | null)[] }) {
  const known = values.filter((value) => value !== null);
  const most = Math.max(...known, 0);
  const step = width / Math.max(values.length - 1, 1);
  const yOf = (value: number): number =>
    most === 0 ? height - 1 : height - 1 - (value / most) * (height - 3);
  let isOpen = false;
  const line = values
    .map((value, index) => {
      if (value === null) {
        isOpen = false;
        return '';
      }
      const command = isOpen ? 'L' : 'M';
      isOpen = true;
      return `${command}${(index * step).toFixed(1)} ${yOf(value).toFixed(1)}`;
    })
    .join('');
  return (
    <svg class="sparkline" viewBox={`0 0 ${width} ${height}`} preserveAspectRatio="none" aria-hidden="true">
      <path d={line} />
    </svg>
  );
}
