import { ACTIVE, KEY_LABEL, WRAPPED } from "../../shared/sealing-key-secret.ts";
import { shellWord } from "../../shared/shell-word.ts";
import type { SealingKey } from "./sealing-key.ts";

/** What brings a key that was taken out into use again, as a command line. */
export function takeBackCommand({ namespace, name, wrappedBy }: SealingKey): string {
  const label = wrappedBy === null ? ACTIVE : WRAPPED;
  return `kubectl -n ${shellWord(namespace)} label secret ${shellWord(name)} --overwrite ${KEY_LABEL}=${label}`;
}
