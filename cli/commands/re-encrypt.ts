import { fromBase64 } from "../../shared/bytes.ts";
import type { Edit } from "../../shared/document/edit-document.ts";
import { InputError, SealError } from "../../shared/errors.ts";
import { SEALING_KEY_ANNOTATION } from "../../shared/resource.ts";
import { splitContainer } from "../../shared/seal/classic-container.ts";
import { parseSealedSecret, type SealedSecret } from "../../shared/sealed-secret.ts";
import { inFieldOrder } from "../../shared/sealed-secret-order.ts";
import type { Command } from "../command.ts";
import { type ControllerClient, openController } from "../controller-client.ts";
import { type Performed, workOnFiles } from "../file-work.ts";
import { noticesOf } from "../notices.ts";
import { kubesealOptions } from "../options.ts";
import { requireSecretFile } from "../sealing.ts";
import { readFoundCertificate } from "../sealing-certificate.ts";
import { workOnInput } from "../stream-work.ts";

/** What the controller answered is not the same SealedSecret sealed anew. */
class RotateAnswerError extends SealError {
  override readonly code: string = "rotate-answer";
}

/**
 * `--re-encrypt`: has every value sealed again under the newest key, by the controller. Only values change, and the
 * hint which key they need: template, metadata, comments and layout stay.
 */
export const reEncrypt: Command<typeof kubesealOptions> = {
  name: "re-encrypt",
  summary: "have SealedSecrets sealed again with the newest key",
  options: kubesealOptions,
  async run({ options, positionals, io }) {
    const notices = noticesOf(io, options);
    if (options.rotate) notices.warn("--rotate is deprecated, use --re-encrypt instead");
    requireSecretFile(options, io);
    const controller = await openController(options, io, notices);
    const newestKey = newestKeyOf(controller);
    const task = {
      done: "re-encrypted",
      kind: "SealedSecret",
      inPlace: true,
      hasProduct: true,
      perform: ({ value, where }: { value: unknown; where: string }) =>
        sealAnew(parseSealedSecret(value, where), where, controller, newestKey),
    } as const;
    try {
      const file = options["secret-file"];
      const isOwnTarget = file !== null && options["sealed-secret-file"] === null && positionals.length === 0;
      if (isOwnTarget) {
        // As in kubeseal, the file of -f takes the result when no other is named.
        const inPlace = { ...options, "secret-file": null, "in-place": options["output-dir"] === null };
        await workOnFiles(task, [file], inPlace, io, { isQuiet: true });
      } else await workOnInput(task, positionals, options, io);
    } finally {
      await controller.close();
    }
  },
};

async function sealAnew(
  sealedSecret: SealedSecret,
  where: string,
  controller: ControllerClient,
  newestKey: () => Promise<string | null>,
): Promise<Performed> {
  const { metadata, spec } = sealedSecret;
  if (spec.data !== undefined) {
    throw new InputError(
      `${where}: spec.data, the old whole-object form, is not re-encrypted`,
      "open it with signet unseal and seal the Secret again",
    );
  }
  const items = Object.entries(spec.encryptedData);
  const answer = await controller.rotate(sealedSecret);
  // Nothing else of the answer counts: whoever gave it must not get at scope or template.
  const answered = encryptedDataOf(answer);
  const sealed = new Map<string, string>();
  for (const [item, before] of items) sealed.set(item, newValue(item, before, answered[item], where));
  const key = items.length === 0 ? null : await newestKey();
  const edits: Edit[] = [...sealed].map(([item, value]) => ({
    path: ["spec", "encryptedData", item],
    value,
  }));
  const hintPath = ["metadata", "annotations", SEALING_KEY_ANNOTATION];
  if (key !== null) edits.push({ path: hintPath, value: key });
  else if (items.length > 0 && metadata.annotations?.[SEALING_KEY_ANNOTATION] !== undefined) {
    edits.push({ path: hintPath, remove: true });
  }
  const { [SEALING_KEY_ANNOTATION]: _old, ...annotations } = metadata.annotations ?? {};
  return {
    product: productOf(sealedSecret, Object.fromEntries(sealed), {
      ...annotations,
      ...(key === null ? {} : { [SEALING_KEY_ANNOTATION]: key }),
    }),
    edits,
    note: `${metadata.name}, ${items.length === 1 ? "1 item" : `${items.length} items`}`,
  };
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
function newestKeyOf(controller: ControllerClient): () => Promise<string | null> {
  let asked: Promise<string | null> | null = null;
  return () => {
    asked ??= controller.certificate().then(
      (found) => readFoundCertificate(found).fingerprint,
      () => null,
    );
    return asked;
  };
}

/** Metadata that a cluster writes; a manifest has no use for it. */
const OF_THE_SERVER = new Set([
  "uid",
  "resourceVersion",
  "generation",
  "creationTimestamp",
  "deletionTimestamp",
  "deletionGracePeriodSeconds",
  "selfLink",
  "managedFields",
  "ownerReferences",
]);

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
