/**
 * Resolves to the processor time that this process spends until `work` fulfils, in milliseconds. Unlike the clock it does not
 * grow with what else the machine does.
 */
export async function processorMs(work: () => unknown): Promise<number> {
  const before = process.cpuUsage();
  await work();
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1_000;
}
