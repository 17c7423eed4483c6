import type { CallSlots } from "../../shared/call-slots.ts";
import type { KvReader } from "../../shared/vault/kv-answer.ts";

/** Values that are read at once, and of one namespace: an answer may have megabytes, and several times that while it is parsed. */
export const READS_AT_ONCE = [8, 4] as const;

/**
 * A reader that has its turn for values; what versions there are is small, and asked without.
 * @param slots of all namespaces, with that of each as a group.
 */
export function boundedReads(kv: KvReader, namespace: string, slots: CallSlots): KvReader {
  return {
    readSecret: (at, options) =>
      slots.run([namespace], () => kv.readSecret(at, options), options.signal ?? NEVER),
    readMetadata: (at, options) => kv.readMetadata(at, options),
  };
}

const NEVER = new AbortController().signal;
