import { sopsSealer } from "../../shared/sops-sealed-secret/seal-sops.ts";
import { sopsText } from "../../shared/sops-sealed-secret/write-sops.ts";
import type { Io } from "../io.ts";
import type { UserKeyServices } from "../key-services/user-key-services.ts";
import type { Notices } from "../notices.ts";
import type { KubesealOptions } from "../options.ts";
import type { SealingKey } from "../sealing-key.ts";
import { type RuleRecipients, sopsTargets } from "../sops/recipients.ts";
import { userSopsKeys } from "./user-opening.ts";

/**
 * What seals SOPS documents for the recipients that flags, variables or a `.sops.yaml` name. The last goes by the file that
 * the document will lie in, so that each file may have others; for a stream by the one it comes from. Those of a project's rule
 * count in its place.
 */
export function userSopsSealing(
  options: KubesealOptions,
  io: Io,
  notices: Notices,
  keyServices: UserKeyServices,
): (
  target: string | null,
  path: string | null,
  byRule?: RuleRecipients | null,
) => Promise<Omit<SealingKey, "clusterId" | "more">> {
  const keys = userSopsKeys(keyServices, options, io);
  const once = eachOnce(notices);
  const written = new Map<string | null, number>();
  const count = (target: string | null) => {
    const before = written.get(target) ?? 0;
    written.set(target, before + 1);
    if (before !== 1) return;
    const what = target ?? "the stream";
    notices.warn(
      `${what} holds several SOPS documents: signet and kubectl read them one by one, but sops takes a file for one document`,
    );
  };
  return async (target, path, byRule = null) => {
    // Selection and MAC of a rule are for plain Secrets; a SealedSecret has its own.
    const { groups, shamirThreshold, by } = await sopsTargets(options, target ?? path, io, once, byRule);
    const wrapper = (await keys()).wrapper("", { recipients: groups.flat(), by });
    return {
      sealer: sopsSealer({ groups, shamirThreshold, wrapper, now: () => io.now() }),
      words: "a SOPS document",
      write: (sealed) => (format) => {
        count(target);
        return sopsText(sealed, format);
      },
    };
  };
}

/** Recipients that are the same for a thousand files are told once. */
function eachOnce(notices: Notices): Notices {
  const told = new Set<string>();
  const note = (text: string) => {
    if (!told.has(text)) notices.note(text);
    told.add(text);
  };
  return { ...notices, shown: notices.shown, note };
}
