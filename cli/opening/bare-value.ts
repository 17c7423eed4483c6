import { fromUtf8 } from "../../shared/bytes.ts";
import { InputError, UsageError } from "../../shared/errors.ts";
import { LabelOrigins } from "../../shared/label-origin.node.ts";
import { type Scope, scopeAt } from "../../shared/scope.ts";
import { formOf, type RemoteBackend, remoteBackend } from "../../shared/seal/codec.ts";
import { classicUnsealer } from "../../shared/seal/rsa-hybrid.ts";
import { isItemName } from "../../shared/secret.ts";
import { fileFailure } from "../file-failure.ts";
import { inDocument } from "../in-document.ts";
import type { Io } from "../io.ts";
import type { UserKeyServices } from "../key-services/user-key-services.ts";
import type { OpeningKeys } from "../opening-keys.ts";
import { readStandardInput, scopeOption } from "../sealing.ts";
import { triedFinding } from "./item-finding.ts";
import { remoteFinding } from "./remote-finding.ts";
import { notOpened } from "./unseal-offline.ts";

/** What says which value it is and where it belongs. */
export type BareValueOptions = {
  "from-file": string | null;
  scope: string | null;
  namespace: string | null;
  name: string | null;
  item: string | null;
};

/** What opens it. */
export type BareValueOpening = { keys: OpeningKeys; keyServices: UserKeyServices };

/** How the value is called in errors. */
const VALUE = "value";

/**
 * Opens one value as `--raw` seals them, from a file or standard input; white space around it does not count.
 * The namespace of the kubeconfig does not count, so strict and namespace-wide values need their place by flag.
 * @throws InputError, UsageError saying why it does not open, or what is missing.
 */
export async function openBareValue(
  options: BareValueOptions,
  { keys, keyServices }: BareValueOpening,
  io: Io,
): Promise<Uint8Array> {
  const kind = scopeOption(options) ?? "strict";
  const { namespace, name } = options;
  if (kind !== "cluster-wide" && namespace === null) {
    throw new UsageError(
      `must provide the --namespace flag with --raw and --scope ${kind}`,
      "give --namespace, the namespace the value was sealed for",
    );
  }
  if (kind === "strict" && name === null) {
    throw new UsageError(
      "must provide the --name flag with --raw and --scope strict",
      "give --name, the name the value was sealed for; or its wider --scope",
    );
  }
  const place = { namespace: namespace ?? "", name: name ?? "" };
  const source = options["from-file"] ?? "standard input";
  const text = readValue(options["from-file"], io);
  if (text === "")
    throw new InputError(`${source} is empty`, "give one sealed value, as signet --raw prints it");
  const form = formOf(text);
  const { backend } = form;
  const remote = remoteBackend(form);
  if (remote !== null) {
    return openRemote(
      { text, source, item: options.item, backend: remote, namespace: place.namespace },
      scopeAt(kind, place),
      keyServices,
    );
  }
  if (backend === "sops") {
    throw new InputError(
      `${source}: a value of a SOPS document opens with the whole of its document alone, which authenticates it`,
      "give its file: signet unseal --item KEY FILE",
    );
  }
  if (backend !== "classic") {
    const whose = backend === "unknown" ? "an unknown backend, or never sealed," : `backend "${backend}"`;
    throw new InputError(
      `${source}: values of ${whose} are not opened by this version of Signet`,
      "give a value as signet --raw prints it; a whole SealedSecret needs no --raw",
    );
  }
  if (options.item !== null) {
    throw new UsageError(
      "--raw and --item go together for values of key services alone, and this is one of the cluster's own",
      "leave --item out: classic values are bound to no item",
    );
  }
  const outcomes = await classicUnsealer(keys.keys, { diagnose: true }).unsealAll(
    new Map([[VALUE, text]]),
    { clusterId: null, scope: scopeAt(kind, place) },
    new AbortController().signal,
  );
  const outcome = outcomes.get(VALUE) ?? { kind: "not-tried" };
  if (outcome.kind === "opened") return outcome.plaintext;
  const context = {
    place,
    keys,
    origins: new LabelOrigins(place, []),
    claimed: undefined,
    keyFlag: "--key",
    file: null,
  };
  const finding = triedFinding(VALUE, text, outcome, context);
  const fix =
    finding.cause === "sealed-elsewhere"
      ? "give the --scope, --namespace and --name it was sealed for"
      : null;
  throw notOpened(source, [{ ...finding, fix: fix ?? finding.fix }]);
}

type RemoteValue = {
  text: string;
  source: string;
  item: string | null;
  backend: RemoteBackend;
  /** Where it stands, for allow-lists: whatever its scope. */
  namespace: string;
};

async function openRemote(
  { text, source, item, backend, namespace }: RemoteValue,
  scope: Scope,
  keyServices: UserKeyServices,
): Promise<Uint8Array> {
  if (item === null || !isItemName(item)) {
    throw new UsageError(
      "values of key services are bound to an item: which one is this?",
      "give --item KEY, the name it has under spec.encryptedData",
    );
  }
  const binding = { clusterId: null, scope };
  const unsealer = keyServices.unsealerFor(backend, namespace);
  const asked = unsealer.unsealAll(new Map([[item, text]]), binding, new AbortController().signal);
  const outcome = (await inDocument(source, asked)).get(item) ?? { kind: "not-tried" };
  if (outcome.kind === "opened") return outcome.plaintext;
  throw notOpened(source, [remoteFinding(item, text, outcome)]);
}

function readValue(path: string | null, io: Io): string {
  let bytes: Uint8Array;
  if (path === null) bytes = readStandardInput(io, "a sealed value");
  else {
    try {
      bytes = io.files.read(path);
    } catch (error) {
      throw fileFailure(`cannot read ${path}`, "give an existing, readable file that holds the value", error);
    }
  }
  const text = fromUtf8(bytes);
  if (text === null) {
    throw new InputError(
      `${path ?? "standard input"} is not a sealed value: it is not text`,
      "give one sealed value, as signet --raw prints it",
    );
  }
  return text.trim();
}
