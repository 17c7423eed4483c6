import { fromBase64 } from "../../shared/bytes.ts";
import type { Edit } from "../../shared/document/edit-document.ts";
import { InputError, SealError, UsageError } from "../../shared/errors.ts";
import { SEALING_KEY_ANNOTATION } from "../../shared/resource.ts";
import { splitContainer } from "../../shared/seal/classic-container.ts";
import type { RemoteBackend } from "../../shared/seal/codec.ts";
import { parseSealedSecret, type SealedSecret } from "../../shared/sealed-secret.ts";
import { inFieldOrder } from "../../shared/sealed-secret-order.ts";
import { writeSealingKeyHint } from "../../shared/sealing-key-hint.ts";
import { isSopsSealedSecret } from "../../shared/sops-sealed-secret/sops-form.ts";
import type { Command } from "../command.ts";
import { type Performed, type TaskDocument, workOnFiles } from "../file-work.ts";
import { inDocument } from "../in-document.ts";
import { requireFittingValues } from "../key-services/fitting-values.ts";
import { backendSpokenOf, namedKeys, type SpokenOf } from "../key-services/sealing-backend.ts";
import { UserKeyServices } from "../key-services/user-key-services.ts";
import { LazyController } from "../lazy-controller.ts";
import { noticesOf } from "../notices.ts";
import { type KubesealOptions, kubesealOptions, sopsRecipients, variableOf } from "../options.ts";
import { requireSecretFile } from "../sealing.ts";
import { readFoundCertificate } from "../sealing-certificate.ts";
import { OF_THE_SERVER } from "../server-fields.ts";
import { userSopsKeys, userSopsOpener } from "../sops-sealed-secret/user-opening.ts";
import { workOnInput } from "../stream-work.ts";
import { forController, remoteScope, sortedValues } from "../values-by-backend.ts";

/** What the controller answered is not the same SealedSecret sealed anew. */
class RotateAnswerError extends SealError {
  override readonly code: string = "rotate-answer";
}

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
    const sops = {
      opener: userSopsOpener(keyServices, options, io),
      keys: userSopsKeys(keyServices, options, io),
    };
    const means = {
      controller,
      keyServices,
      newestKey: newestKeyOf(controller),
      seen: new Set<RemoteBackend>(),
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
        if (!isSopsSealedSecret(sealedSecret)) return sealAnew(sealedSecret, where, means);
        const { renewSops } = await import("../sops-sealed-secret/renew-sops.ts");
        const how = { ...sops, io, notices, target, path };
        return renewSops(sealedSecret, (await source?.()) ?? null, where, how);
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
        if (named[backend] === null || means.seen.has(backend)) continue;
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

type Means = {
  controller: LazyController;
  keyServices: UserKeyServices;
  newestKey: () => Promise<string | null>;
  /** Key services whose values were met. */
  seen: Set<RemoteBackend>;
};

async function sealAnew(sealedSecret: SealedSecret, where: string, means: Means): Promise<Performed> {
  const { metadata, spec } = sealedSecret;
  if (spec.data !== undefined) {
    throw new InputError(
      `${where}: spec.data, the old whole-object form, is not re-encrypted`,
      "open it with signet unseal and seal the Secret again",
    );
  }
  const items = Object.keys(spec.encryptedData);
  const classic = await byController(sealedSecret, where, means);
  const remote = await byKeyServices(sealedSecret, where, means);
  const sealed = items.map(
    (item) => [item, classic.get(item) || remote.get(item) || lacking(item, where)] as const,
  );
  const edits: Edit[] = sealed.map(([item, value]) => ({ path: ["spec", "encryptedData", item], value }));
  const hint = await hintFor(sealedSecret, [...classic.keys()], means);
  const hintPath = ["metadata", "annotations", SEALING_KEY_ANNOTATION];
  const before = metadata.annotations?.[SEALING_KEY_ANNOTATION];
  if (hint !== undefined && classic.size > 0) edits.push({ path: hintPath, value: hint });
  else if (before !== undefined && hint === undefined) edits.push({ path: hintPath, remove: true });
  const { [SEALING_KEY_ANNOTATION]: _old, ...annotations } = metadata.annotations ?? {};
  return {
    product: productOf(sealedSecret, Object.fromEntries(sealed), {
      ...annotations,
      ...(hint === undefined ? {} : { [SEALING_KEY_ANNOTATION]: hint }),
    }),
    edits,
    note: `${metadata.name}, ${items.length === 1 ? "1 item" : `${items.length} items`}`,
  };
}

function lacking(item: string, where: string): never {
  throw new RotateAnswerError(
    `${where}: no new value came for spec.encryptedData.${item}`,
    "nothing was changed: seal the value again",
  );
}

/** Nothing else of the controller's answer counts: whoever gave it must not get at scope or template. */
async function byController(
  sealedSecret: SealedSecret,
  where: string,
  { controller }: Means,
): Promise<Map<string, string>> {
  const sealed = new Map<string, string>();
  const question = forController(sealedSecret);
  if (question === null) return sealed;
  const answered = encryptedDataOf(await (await controller.open()).rotate(question));
  for (const [item, before] of Object.entries(question.spec.encryptedData)) {
    sealed.set(item, newValue(item, before, answered[item], where));
  }
  return sealed;
}

async function byKeyServices(
  sealedSecret: SealedSecret,
  where: string,
  { keyServices, seen }: Means,
): Promise<Map<string, string>> {
  const { remote } = sortedValues(sealedSecret);
  if (remote.size === 0) return new Map();
  const scope = remoteScope(sealedSecret, where);
  const binding = { clusterId: null, scope };
  const sealed = new Map<string, string>();
  for (const [backend, items] of remote) {
    seen.add(backend);
    const { namespace = "" } = sealedSecret.metadata;
    const renewed = await inDocument(where, keyServices.renew(backend, items, binding, namespace));
    for (const [item, value] of renewed) sealed.set(item, value);
  }
  return sealed;
}

/** What the annotation says afterwards, undefined for nothing; it is about classic values alone. */
async function hintFor(
  { metadata, spec }: SealedSecret,
  classic: readonly string[],
  { newestKey }: Means,
): Promise<string | undefined> {
  const before = metadata.annotations?.[SEALING_KEY_ANNOTATION];
  if (classic.length === 0) return before;
  const key = await newestKey();
  if (key === null) return undefined;
  return (
    writeSealingKeyHint(new Map(classic.map((item) => [item, key])), Object.keys(spec.encryptedData)) ??
    undefined
  );
}

function encryptedDataOf(answer: unknown): Record<string, unknown> {
  const spec = isMap(answer) ? answer["spec"] : undefined;
  const encryptedData = isMap(spec) ? spec["encryptedData"] : undefined;
  return isMap(encryptedData) ? encryptedData : {};
}

function newValue(item: string, before: string, after: unknown, where: string): string {
  const problem = problemOf(before, after);
  if (problem === null && typeof after === "string") return after;
  throw new RotateAnswerError(
    `${where}: the controller's answer ${problem} for spec.encryptedData.${item}`,
    "check what answers in the controller's place",
  );
}

function problemOf(before: string, after: unknown): string | null {
  if (typeof after !== "string") return "has no value";
  if (after === before) return "has the old value";
  const [old, renewed] = [ciphertextBytes(before), ciphertextBytes(after)];
  if (renewed === null) return "has no sealed value";
  // The plain value stays as long as it was, whatever the size of the key.
  return old === null || old === renewed ? null : "has a value of another length";
}

/** How long the encrypted value itself is; null for what is no sealed value. */
function ciphertextBytes(value: string): number | null {
  const decoded = fromBase64(value);
  return "illegalAt" in decoded ? null : (splitContainer(decoded.bytes)?.ciphertext.length ?? null);
}

/** Fingerprint of the key that seals now, asked once; null when it cannot be told. It is a hint, so that is no failure. */
function newestKeyOf(controller: LazyController): () => Promise<string | null> {
  let asked: Promise<string | null> | null = null;
  return () => {
    asked ??= controller
      .open()
      .then((client) => client.certificate())
      .then(
        (found) => readFoundCertificate(found).fingerprint,
        () => null,
      );
    return asked;
  };
}

function productOf(
  { kind, apiVersion, metadata, spec }: SealedSecret,
  encryptedData: Record<string, string>,
  annotations: Record<string, string>,
): object {
  const kept = Object.entries(metadata).filter(
    ([field]) => !OF_THE_SERVER.has(field) && field !== "annotations",
  );
  return inFieldOrder({
    kind,
    apiVersion,
    metadata: {
      ...Object.fromEntries(kept),
      ...(Object.keys(annotations).length === 0 ? {} : { annotations }),
    },
    spec: { ...spec, encryptedData },
  });
}

function isMap(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
