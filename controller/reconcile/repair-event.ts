import type { Happening } from "../events.ts";
import type { DriftCause } from "./secret-drift.ts";

const REPAIRED: Readonly<Record<DriftCause, string>> = {
  changed: "The Secret had been changed by somebody else and is as sealed again",
  deleted: "The Secret had been deleted by somebody else and is there again",
};

const CONTESTED: Readonly<Record<DriftCause, string>> = {
  changed:
    'Somebody else changes the Secret again and again: repairs now wait, up to 5 minutes. Its managedFields tell who it is; the annotation signet.dev/drift: "keep" on the SealedSecret leaves such changes alone',
  deleted:
    "Somebody else deletes the Secret again and again: repairs now wait, up to 5 minutes. The audit log of the API server tells who it is",
};

/** The event of a repair: of a single one, or the one that tells of a quarrel and stands for all that follow. */
export function repairEvent(cause: DriftCause, repaired: "single" | "contested"): Happening {
  return repaired === "single"
    ? { type: "Normal", reason: "Repaired", message: REPAIRED[cause] }
    : { type: "Warning", reason: "SecretContested", message: CONTESTED[cause] };
}
