import type { Io } from "../io.ts";
import { UserKeyServices } from "../key-services/user-key-services.ts";
import { namespaceOf } from "../merge-one.ts";
import type { Notices } from "../notices.ts";
import type { KubesealOptions } from "../options.ts";
import type { SopsMerging } from "../sops-sealed-secret/merge-sops.ts";
import { userSopsOpener } from "../sops-sealed-secret/user-opening.ts";

/** What opens items with the user's own rights, to change them; nothing is asked or loaded before it is needed. */
export type OpeningMeans = {
  options: KubesealOptions;
  keyServices: UserKeyServices;
  sops: SopsMerging;
  io: Io;
  notices: Notices;
};

/** Makes it; whoever has it closes its key services. */
export function openingMeans(options: KubesealOptions, io: Io, notices: Notices): OpeningMeans {
  const keyServices = new UserKeyServices(options, io, notices);
  const opener = userSopsOpener(keyServices, options, io);
  const sops: SopsMerging = {
    opener,
    asked: null,
    namespaceOf: (target) => namespaceOf(target, options, io),
    io,
  };
  return { options, keyServices, sops, io, notices };
}
