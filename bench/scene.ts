import type { ClusterWatch } from "./cluster-watch.ts";
import type { Corpus } from "./corpus.ts";
import type { FigureName } from "./figures.ts";
import type { BenchCluster } from "./first-list.ts";
import type { Running } from "./subject.ts";

/** What a scene of one run is played in. */
export type Scene = {
  cluster: BenchCluster;
  corpus: Corpus;
  watch: ClusterWatch;
  /** The corpus's SealedSecrets, by namespace/name. */
  keys: readonly string[];
  /** The longest wait for all of them. */
  boundMs: number;
  /** Starts the controller; the name is for its profile. */
  start(name: string): Promise<Running>;
  /** Notes a figure of this run, null when this controller cannot tell. */
  add(figure: FigureName, value: number | null): void;
};
