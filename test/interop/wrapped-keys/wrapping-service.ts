/** A key service as these scenarios use it: with two keys, and a switch. */
export type WrappingService = {
  /** Two keys, as options name them: `kms:ARN` or `vault:MOUNT/KEY`. */
  keys: readonly [string, string];
  /** What the controller takes to reach it. */
  controller: { flags: readonly string[]; env: Readonly<Record<string, string>> };
  /** The same for the CLI, allowed to use any of its keys. */
  cli: { flags: readonly string[]; env: Readonly<Record<string, string>> };
  /** Makes it answer nothing of use, and takes that back. */
  down(): Promise<void>;
  up(): Promise<void>;
  stop(): Promise<void>;
};
