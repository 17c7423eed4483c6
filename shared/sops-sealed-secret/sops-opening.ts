import type { SopsUnwrapper } from "../document/sops/key-services.ts";
import type { Scope } from "../scope.ts";

/** What opening takes beside the object: where it stands, and who unwraps its data key. */
export type SopsOpening = {
  /** The id of the cluster, or what finds it out once the document has opened. */
  clusterId: string | (() => Promise<string>);
  /** Of the object as it stands, never from the document. */
  scope: Scope;
  unwrapper: SopsUnwrapper;
};
