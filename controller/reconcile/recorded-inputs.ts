import { digestOf } from "./digest.ts";
import type { WatchedObject } from "./watched-object.ts";

/**
 * What of an object its record stands for: the digest of all that decides how its Secret looks. A SOPS document says which
 * cluster it is for, so that its record stands for one cluster id; those of other objects hold whatever that is.
 */
export function recordedInputs(
  { inputs, isSops }: Pick<WatchedObject, "inputs" | "isSops">,
  clusterId: string | null,
): string {
  return isSops ? digestOf([inputs, "sops", clusterId]) : inputs;
}
