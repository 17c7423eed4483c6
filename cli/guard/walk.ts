import type { Found } from "./finding.ts";
import type { LocatedScalar } from "./located-tree.ts";

/** A file that a generator takes values from, by its path from the generator's folder. */
export type GeneratorInput = { kind: "env" | "file"; path: string; generator: string; at: number };

/** What walking through a document needs and gives. */
export type Walk = {
  /** The document has a sops block. */
  isSops: boolean;
  report(found: Found): void;
  /** Told of files that Secrets are generated from. */
  takes(input: GeneratorInput): void;
  /** Looks at a text that stands in the document as a value, such as a patch. */
  inside(scalar: LocatedScalar, holder: Holder): void;
  /** Nodes that may still be looked at, so that aliases have an end. */
  budget: { nodes: number };
};

/** What a text stands in. */
export type Holder = { object: string | null; at: number; annotation: string | null };
