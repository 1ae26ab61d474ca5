/** Waits for `work` for so long at most; true when it has ended well by then. Throws what it throws by then. */
export async function within(timeoutMs: number, work: Promise<unknown>): Promise<boolean> {
  let handle: NodeJS.Timeout | undefined;
  const late = new Promise<boolean>((resolve) => {
    handle = setTimeout(resolve, timeoutMs, false);
  });
  try {
    return await Promise.race([work.then(() => true), late]);
  } finally {
    clearTimeout(handle);
  }
}
