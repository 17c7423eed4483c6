import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { setTimeout as sleep } from "node:timers/promises";

const retryMs = 250;

/** How long to wait for the lock of the tools cache: whoever holds it may be building an API server. */
export const lockPatienceMs = 45 * 60_000;

/**
 * Runs `work` while no other process holds the lock of `folder`. The lock is the kernel's, on a SQLite file: it is gone
 * with its holder, however that ends, and is seen across process and network namespaces.
 * @throws Error when the lock is not had within `patienceMs`.
 */
export async function withFolderLock<T>(
  folder: string,
  patienceMs: number,
  work: () => Promise<T>,
): Promise<T> {
  const path = join(folder, "lock.sqlite");
  const database = new DatabaseSync(path, { timeout: 0 });
  try {
    const deadline = Date.now() + patienceMs;
    while (!tryLock(database)) {
      if (Date.now() > deadline)
        throw new Error(`another process has been building into ${folder} for too long (lock: ${path})`);
      await sleep(retryMs);
    }
    return await work();
  } finally {
    database.close();
  }
}

function tryLock(database: DatabaseSync): boolean {
  try {
    database.exec("BEGIN EXCLUSIVE");
    return true;
  } catch (error) {
    const busy = 5; // SQLITE_BUSY, https://sqlite.org/rescode.html#busy
    if (error instanceof Error && "errcode" in error && error.errcode === busy) return false;
    throw error;
  }
}
