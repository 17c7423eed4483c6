import type { ControllerClient } from "./controller-client.ts";
import type { Io } from "./io.ts";
import type { Notices } from "./notices.ts";
import type { ClusterOptions } from "./options.ts";

/** A controller that is looked for when there is something to ask it: what lies under a key service needs no cluster. */
export class LazyController {
  readonly #options: ClusterOptions;
  readonly #io: Io;
  readonly #notices: Notices;
  #opened: Promise<ControllerClient> | null = null;

  constructor(options: ClusterOptions, io: Io, notices: Notices) {
    this.#options = options;
    this.#io = io;
    this.#notices = notices;
  }

  /** @throws KubeConfigError, UsageError as `openController` does. */
  open(): Promise<ControllerClient> {
    this.#opened ??= import("./controller-client.ts").then(({ openController }) =>
      openController(this.#options, this.#io, this.#notices),
    );
    return this.#opened;
  }

  /** Closes all connections, if there are any. */
  async close(): Promise<void> {
    const client = await this.#opened?.catch(() => null);
    await client?.close();
  }
}
