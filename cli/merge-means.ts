import type { ScopeKind } from "../shared/scope.ts";
import type { Io } from "./io.ts";
import { type BackendFlags, namedKeys } from "./key-services/sealing-backend.ts";
import { UserKeyServices } from "./key-services/user-key-services.ts";
import type { MergeTarget } from "./merge-target.ts";
import type { Notices } from "./notices.ts";
import { type KubesealOptions, kubesealOptions } from "./options.ts";
import { type FoundSealingKey, findSealingKey } from "./sealing-key-source.ts";
import { type SopsOpener, userSopsOpener } from "./sops-sealed-secret/user-opening.ts";

/** What merging takes; the key is found with the first target that takes one. */
export class MergeMeans {
  readonly asked: ScopeKind | null;
  readonly options: KubesealOptions;
  readonly io: Io;
  readonly notices: Notices;
  /** Those of the command line. */
  readonly flags: BackendFlags;
  /** Targets of which every value opened in this run, under the scope that they say they have. */
  readonly proven = new Set<MergeTarget>();
  #found: Promise<FoundSealingKey> | null = null;
  #sops: { opener: SopsOpener; keyServices: UserKeyServices } | null = null;

  constructor(
    asked: ScopeKind | null,
    options: KubesealOptions,
    io: Io,
    notices: Notices,
    flags: BackendFlags = kubesealOptions,
  ) {
    this.asked = asked;
    this.options = options;
    this.io = io;
    this.notices = notices;
    this.flags = flags;
  }

  /** @throws SealError when it cannot be had. */
  key(): Promise<FoundSealingKey> {
    this.#found ??= findSealingKey(this.options, this.io, this.notices, this.flags);
    return this.#found;
  }

  /** What opens SOPS documents: no other key is needed to merge into one. */
  sops(): SopsOpener {
    if (this.#sops === null) {
      const { options, io, notices, flags } = this;
      const keyServices = new UserKeyServices(options, io, notices, namedKeys(options, io, flags));
      this.#sops = { opener: userSopsOpener(keyServices, options, io), keyServices };
    }
    return this.#sops.opener;
  }

  async close(): Promise<void> {
    await this.#sops?.keyServices.close();
    const [found] = await Promise.allSettled([this.#found]);
    if (found.status === "fulfilled") await found.value?.close();
  }
}
