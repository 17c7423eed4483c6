/**
 * Begins to count the processor time of this thread: what work costs, however busy the machine is with something else.
 * @returns a function that gives the milliseconds so far.
 */
export function processorTime(): () => number {
  const begin = process.threadCpuUsage();
  return () => {
    const { user, system } = process.threadCpuUsage(begin);
    return (user + system) / 1000;
  };
}
