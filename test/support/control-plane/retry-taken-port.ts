const attempts = 3;

/**
 * Starts something on a port the kernel said was free, and again when another process took it in between.
 * @throws what `start` last threw.
 */
export async function retryTakenPort<T>(start: () => Promise<T>): Promise<T> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await start();
    } catch (error) {
      const taken = error instanceof Error && error.message.includes("address already in use");
      if (!taken || attempt === attempts) throw error;
    }
  }
}
