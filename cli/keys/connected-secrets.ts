import { InputError } from "../../shared/errors.ts";
import type { KubeClient } from "../../shared/kube/client.ts";
import { connect, controllerOf, requestTimeoutMs } from "../cluster.ts";
import type { Io } from "../io.ts";
import { shownText } from "../shown-text.ts";
import { type KeySecretObject, KeySecrets } from "./key-secrets.ts";
import { KeyWrites } from "./key-writes.ts";
import type { KeysOptions } from "./keys-options.ts";
import { type PublishedKeys, publishedKeys } from "./published-keys.ts";
import { readSealingKey, type SealingKey } from "./sealing-key.ts";

/** What an action on the sealing keys of a controller works with. */
export type KeyConnection = {
  client: KubeClient;
  secrets: KeySecrets;
  /** What was written so far. */
  writes: KeyWrites;
  /** What the controller says of its keys, asked each time. */
  published(): Promise<PublishedKeys>;
  /** Where the controller and its keys are. */
  namespace: string;
  timeoutMs: number | null;
};

/** Connects to the cluster for as long as the work takes. @throws what connecting and the work throw. */
export async function withKeySecrets(
  options: KeysOptions,
  io: Io,
  work: (connection: KeyConnection) => Promise<void>,
): Promise<void> {
  const timeoutMs = requestTimeoutMs(options["request-timeout"]);
  const client = await connect(options, io);
  try {
    const { namespace } = controllerOf(options);
    const published = () => publishedKeys(client, namespace, timeoutMs);
    const writes = new KeyWrites();
    const secrets = new KeySecrets(client, namespace, timeoutMs, writes);
    await work({ client, secrets, writes, published, namespace, timeoutMs });
  } finally {
    await client.close();
  }
}

/** The same for work that writes: interrupted, it says what was written by then. */
export function withKeysToWrite(
  options: KeysOptions,
  io: Io,
  work: (connection: KeyConnection) => Promise<void>,
): Promise<void> {
  return withKeySecrets(options, io, async (connection) => {
    const goOn = await io.whenInterrupted?.(() => say(io, connection.writes.lastWords));
    try {
      await work(connection);
    } finally {
      await goOn?.();
    }
  });
}

/** The key of a Secret; one that no controller takes either is told of, and passed over. */
export function readableKeys(
  secret: KeySecretObject,
  tell: (problem: string, next: string) => void,
  how: { toWrite?: boolean } = {},
): SealingKey[] {
  try {
    return [readSealingKey(secret, how)];
  } catch (error) {
    if (!(error instanceof InputError)) throw error;
    tell(error.message, error.hint);
    return [];
  }
}

/** Says a line to people. */
export function say(io: Io, text: string): void {
  io.stderr.write(`${shownText(text)}\n`);
}
