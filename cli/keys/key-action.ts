import type { Io } from "../io.ts";
import type { KeysOptions } from "./keys-options.ts";

/** One thing that `signet keys` does. */
export type KeyAction = {
  /** Flags that go with this action, beside those of clients and controllers, which go with all. */
  flags: readonly (keyof KeysOptions)[];
  /**
   * Does it. Standard output gets the product only.
   * @param names what stands behind the action's word.
   * @throws SealError when it is refused or fails.
   */
  run(names: readonly string[], options: KeysOptions, io: Io): Promise<void>;
};
