/**
 * Does works side by side, so many at a time, beginning with the first. One that answers false, or throws, is the last to
 * be begun; those under way are waited for.
 * @throws what the first threw that did.
 */
export async function runAtMost(most: number, works: readonly (() => Promise<boolean>)[]): Promise<void> {
  const left = works.values();
  const failures: unknown[] = [];
  let goesOn = true;
  const worker = async () => {
    while (goesOn) {
      const { value: work, done } = left.next();
      if (done) return;
      try {
        if (!(await work())) goesOn = false;
      } catch (error) {
        failures.push(error);
        goesOn = false;
      }
    }
  };
  await Promise.all(Array.from({ length: Math.min(most, works.length) }, worker));
  if (failures.length > 0) throw failures[0];
}
