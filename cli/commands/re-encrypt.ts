import { UsageError } from "../../shared/errors.ts";
import type { RemoteBackend } from "../../shared/seal/codec.ts";
import { parseSealedSecret, type SealedSecret } from "../../shared/sealed-secret.ts";
import { isSopsSealedSecret } from "../../shared/sops-sealed-secret/sops-form.ts";
import type { Command } from "../command.ts";
import { counted } from "../counted.ts";
import { type Performed, type TaskDocument, workOnFiles } from "../file-work.ts";
import { requireFittingValues } from "../key-services/fitting-values.ts";
import { backendSpokenOf, namedKeys, type SpokenOf } from "../key-services/sealing-backend.ts";
import { UserKeyServices } from "../key-services/user-key-services.ts";
import { LazyController } from "../lazy-controller.ts";
import { noticesOf } from "../notices.ts";
import { type KubesealOptions, kubesealOptions, sopsRecipients, variableOf } from "../options.ts";
import { controllerResealer } from "../reseal/controller-resealer.ts";
import { type ResealMeans, resealObject } from "../reseal/reseal-object.ts";
import { type TargetKey, targetKey } from "../reseal/target-key.ts";
import { requireSecretFile } from "../sealing.ts";
import { readFoundCertificate } from "../sealing-certificate.ts";
import type { RenewSops } from "../sops-sealed-secret/renew-sops.ts";
import { workOnInput } from "../stream-work.ts";

/**
 * `--re-encrypt`: has every value sealed again under the newest key: classic ones by the controller, which gets no others
 * to see, those of key services inside their service, under the user's own rights. Only values change, and the hint
 * which key they need: template, metadata, comments and layout stay.
 */
export const reEncrypt: Command<typeof kubesealOptions> = {
  name: "re-encrypt",
  summary: "have SealedSecrets sealed again with the newest key",
  options: kubesealOptions,
  async run({ options, positionals, io }) {
    const notices = noticesOf(io, options);
    if (options.rotate) notices.warn("--rotate is deprecated, use --re-encrypt instead");
    requireSecretFile(options, io);
    const named = namedKeys(options, io);
    const spokenOf = backendSpokenOf(io);
    requireNoRecipients(spokenOf, options);
    const controller = new LazyController(options, io, notices);
    const keyServices = new UserKeyServices(options, io, notices, named);
    let renewSops: Promise<RenewSops> | null = null;
    const seen = new Set<RemoteBackend>();
    const means: ResealMeans = {
      classic: controllerResealer({
        open: () => controller.open(),
        newestKey: newestKeyOf(controller),
        trustsHints: false,
      }),
      keyServices,
      services: new Set(["kms", "vault"]),
      keepsNewest: false,
    };
    const task = {
      done: "re-encrypted",
      kind: "SealedSecret",
      inPlace: true,
      hasProduct: true,
      judge: (documents: readonly unknown[], source: string) =>
        requireFittingValues(documents, source, spokenOf),
      async perform({ value, where, target = null, path = null, source }: TaskDocument) {
        const sealedSecret = parseSealedSecret(value, where);
        if (!isSopsSealedSecret(sealedSecret)) return sealAnew(sealedSecret, where, means, seen);
        renewSops ??= import("../sops-sealed-secret/renew-sops.ts").then(({ sopsRenewer }) =>
          sopsRenewer(keyServices, options, io, notices),
        );
        return (await renewSops)(sealedSecret, (await source?.()) ?? null, where, { target, path });
      },
    } as const;
    try {
      const file = options["secret-file"];
      const isOwnTarget = file !== null && options["sealed-secret-file"] === null && positionals.length === 0;
      if (isOwnTarget) {
        // As in kubeseal, the file of -f takes the result when no other is named.
        const inPlace = { ...options, "secret-file": null, "in-place": options["output-dir"] === null };
        await workOnFiles(task, [file], inPlace, io, { isQuiet: true });
      } else await workOnInput(task, positionals, options, io);
      for (const backend of ["kms", "vault"] as const) {
        if (named[backend] === null || seen.has(backend)) continue;
        notices.warn(
          `${variableOf(`${backend}-key`)} moved nothing: --re-encrypt leaves values in their backend, and none of ${backend} was given`,
        );
      }
    } finally {
      await controller.close();
      await keyServices.close();
    }
  },
};

/** Who may read a document is for its owner to change, not a matter of a new key. */
function requireNoRecipients(spokenOf: SpokenOf | null, options: KubesealOptions): void {
  if (spokenOf?.backend !== "sops" || spokenOf.flag === "--backend sops") return;
  if (sopsRecipients(options).length === 0) return;
  throw new UsageError(
    `${spokenOf.flag} names whom a new document is for, and --re-encrypt leaves that as it is`,
    `leave ${spokenOf.flag} out; sops updatekeys changes whom a document is for`,
  );
}

async function sealAnew(
  sealedSecret: SealedSecret,
  where: string,
  means: ResealMeans,
  seen: Set<RemoteBackend>,
): Promise<Performed> {
  const { items, edits, product } = await resealObject(sealedSecret, where, means);
  for (const { backend } of items) if (backend === "kms" || backend === "vault") seen.add(backend);
  const { name } = sealedSecret.metadata;
  const note = `${name}, ${counted(items.length, "item")}`;
  return { product, edits, note };
}

/** The key that seals now, asked once; null when it cannot be told. It is for a hint, so that is no failure. */
function newestKeyOf(controller: LazyController): () => Promise<TargetKey | null> {
  let asked: Promise<TargetKey | null> | null = null;
  return () => {
    asked ??= controller
      .open()
      .then((client) => client.certificate())
      .then(
        (found) => targetKey(readFoundCertificate(found)),
        () => null,
      );
    return asked;
  };
}
