import type { DocumentFile } from "../../shared/document/document-file.ts";
import type { ScopeKind } from "../../shared/scope.ts";
import type { SealedSecret } from "../../shared/sealed-secret.ts";

/** Where a SealedSecret was found. */
export type Origin =
  /** In a file: its path from the working folder, from 1 the line at which the object begins, its index among the file's documents. */
  | { kind: "file"; path: string; line: number; index: number }
  /** In the cluster that the command talks to. */
  | { kind: "cluster" }
  /** In a commit of the Git repository; the path is from its root. */
  | { kind: "commit"; commit: string; path: string; line: number };

/** A SealedSecret, wherever it was found. */
export type SealedObject = {
  origin: Origin;
  /** For people, as errors name it: `FILE, document 2`, `SealedSecret team/db in the cluster`. */
  where: string;
  sealedSecret: SealedSecret;
  /** By its annotations, which are claims until a value opens under them. */
  scope: ScopeKind;
  values: readonly SealedValue[];
};

/** Who opens a value, by its form alone. */
export type ValueBackend = "classic" | "kms" | "vault" | "sops" | "unknown";

/** One value of a SealedSecret, as text. */
export type SealedValue = {
  /** Name of the item; `data` for the old whole-object form. */
  item: string;
  text: string;
  backend: ValueBackend;
  /**
   * The key that it says, or its object says, it needs: a fingerprint, `kms:ARN`, `vault:MOUNT/KEY`, the recipients of a SOPS
   * document; null for nothing. Claimed, not proven.
   */
  claimed: string | null;
};

/** A place where SealedSecrets were looked for, and why they could not be had from it. */
export type InventoryProblem = {
  where: string;
  problem: string;
  next: string;
  /** Names of Git's objects in whose content it lies, which allow it by name; without them nothing does. */
  objects?: readonly string[];
};

/** What was found, in the order in which it was looked at, and what could not be read: nothing is passed over in silence. */
export type Inventory = { objects: readonly SealedObject[]; problems: readonly InventoryProblem[] };

/** A file that holds SealedSecrets, for whoever changes it. */
export type InventoriedFile = { path: string; document: DocumentFile; objects: readonly SealedObject[] };
