import assert from "node:assert/strict";
import { test } from "node:test";
import { sopsWarnings, toldFailure } from "../../../controller/reconcile/sops-failure.ts";
import type { SealedSecret } from "../../../shared/sealed-secret.ts";

const refused = { ok: false, reason: "UnsealFailed", problem: "it is so", hint: "do that" } as const;

test("a failure says what is wrong and the next step, in the condition and in the event", () => {
  const { reason, message, stalled, event } = toldFailure(refused);
  assert.deepEqual([reason, message, stalled], ["UnsealFailed", "it is so; do that", true]);
  assert.deepEqual(event, { reason: "ErrUnsealFailed", message: "Failed to unseal: it is so; do that" });
  const { hint: _hint, ...bare } = refused;
  assert.equal(toldFailure({ ...bare, reason: "MalformedSealedSecret" }).reason, "MalformedSealedSecret");
  assert.equal(toldFailure(bare).message, "it is so");
});

test("values that came decrypted have a reason of their own, to alert by", () => {
  assert.equal(toldFailure({ ...refused, sops: "opened-on-the-way" }).reason, "ValuesExposed");
  for (const sops of ["mac", "elsewhere", "no-key", "no-metadata"] as const)
    assert.equal(toldFailure({ ...refused, sops }).reason, "UnsealFailed", sops);
});

test("in a cluster a field sops that is missing has been dropped by its definition, and the command is named", () => {
  const { message } = toldFailure({ ...refused, sops: "no-metadata" });
  assert.match(
    message,
    /^it is so; .*kubectl apply --server-side --force-conflicts -f crds\/sealedsecrets\.yaml/,
  );
});

const document = (annotations: Record<string, string> | undefined, sops?: object): SealedSecret =>
  ({ metadata: { name: "db", annotations }, spec: { encryptedData: {} }, sops }) as SealedSecret;
const MARK = "kustomize.toolkit.fluxcd.io/decrypt";

test("the mark that keeps Flux off is asked for of SOPS documents alone", () => {
  for (const marks of [undefined, {}, { [MARK]: "" }, { [MARK]: "Enabled" }]) {
    const [warning = ""] = sopsWarnings(document(marks, {}));
    assert.match(warning, /kustomize\.toolkit\.fluxcd\.io\/decrypt: Disabled/);
    assert.deepEqual(sopsWarnings(document(marks)), []);
  }
  for (const value of ["Disabled", "disabled", "DISABLED"])
    assert.deepEqual(sopsWarnings(document({ [MARK]: value }, {})), []);
});
