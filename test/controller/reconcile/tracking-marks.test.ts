import assert from "node:assert/strict";
import { test } from "node:test";
import { trackingWarnings } from "../../../controller/reconcile/tracking-marks.ts";
import { wanted } from "./objects.ts";

const marks: [string, "labels" | "annotations", string][] = [
  ["Argo CD", "annotations", "argocd.argoproj.io/tracking-id"],
  ["Argo CD", "annotations", "argocd.argoproj.io/installation-id"],
  ["Argo CD", "annotations", "argocd.argoproj.io/hook"],
  ["Argo CD", "annotations", "argocd.argoproj.io/hook-delete-policy"],
  ["Argo CD", "labels", "argocd.argoproj.io/instance"],
  ["Flux", "labels", "kustomize.toolkit.fluxcd.io/name"],
  ["Flux", "labels", "kustomize.toolkit.fluxcd.io/namespace"],
  ["Flux", "labels", "helm.toolkit.fluxcd.io/name"],
  ["Flux", "labels", "helm.toolkit.fluxcd.io/namespace"],
  ["Helm", "annotations", "meta.helm.sh/release-name"],
  ["Helm", "annotations", "meta.helm.sh/release-namespace"],
];
for (const [tool, where, key] of marks) {
  test(`${key} is warned of, without its value`, () => {
    const [warning = "", ...others] = trackingWarnings(wanted({ [where]: { other: "1", [key]: "hunter2" } }));
    assert.deepEqual(others, []);
    assert.ok(warning.startsWith(`${tool} may take the Secret for its own`), warning);
    assert.ok(warning.includes(key) && !warning.includes("hunter2"), warning);
  });
}

test("the label that Argo CD may be set to track by counts only where no owner protects the Secret", () => {
  const labels = { "app.kubernetes.io/instance": "shop" };
  assert.deepEqual(trackingWarnings(wanted({ labels })), []);
  assert.match(trackingWarnings(wanted({ labels, owner: null }))[0] ?? "", /app\.kubernetes\.io\/instance/);
});

test("one sentence for each tool", () => {
  const warnings = trackingWarnings(
    wanted({
      labels: { "kustomize.toolkit.fluxcd.io/name": "a", "kustomize.toolkit.fluxcd.io/namespace": "b" },
      annotations: { "meta.helm.sh/release-name": "c" },
    }),
  );
  assert.equal(warnings.length, 2);
  assert.match(warnings[0] ?? "", /^Flux .*fluxcd\.io\/name, kustomize\.toolkit\.fluxcd\.io\/namespace:/);
});

test("what only steers such a tool is nothing to warn of", () => {
  const annotations = {
    "argocd.argoproj.io/sync-options": "Prune=false",
    "argocd.argoproj.io/compare-options": "IgnoreExtraneous",
    "argocd.argoproj.io/sync-wave": "-1",
    "helm.sh/resource-policy": "keep",
  };
  const labels = { "app.kubernetes.io/managed-by": "Helm", "argocd.argoproj.io/secret-type": "repository" };
  assert.deepEqual(trackingWarnings(wanted({ annotations, labels })), []);
});
