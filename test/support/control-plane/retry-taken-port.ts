const attempts = 3;
/** As the programs of others say it, and as ours does. */
const inUse = /address already in use|the port is in use/;

/**
 * Starts something on a port the kernel said was free, and again when another process took it in between.
 * @throws what `start` last threw.
 */
export async function retryTakenPort<T>(start: () => Promise<T>): Promise<T> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await start();
    } catch (error) {
      const taken = error instanceof Error && inUse.test(error.message);
      if (!taken || attempt === attempts) throw error;
    }
  }
}
