import { shellWord } from "../../shared/shell-word.ts";
import type { SyncState } from "./sync-state.ts";

/** Where an object is. */
export type Place = { namespace: string; name: string };

/** What to do about an object that is not in sync, in one clause without a full stop. */
export function nextStep(place: Place, kind: SyncState["kind"]): string {
  switch (kind) {
    case "not looked at":
      return "see whether a controller runs, and for this namespace: signet doctor";
    case "retrying":
      return `it may come right by itself: signet wait ${argumentsFor(place)}`;
    case "not opening":
      return "bring its key back (signet keys list, signet keys restore), or seal its values anew, before its Secret is lost";
    case "being deleted":
      return `see which finalizers keep it: kubectl get sealedsecret ${argumentsFor(place)} -o yaml`;
    case "failed":
    case "in sync":
      return `kubectl get sealedsecret ${argumentsFor(place)} -o yaml | signet explain tells of each item`;
  }
}

/** `-n shop db`, as kubectl and signet take it. */
export function argumentsFor({ namespace, name }: Place): string {
  return `-n ${shellWord(namespace)} ${shellWord(name)}`;
}
