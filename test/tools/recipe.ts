import { createHash } from "node:crypto";
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import type { PatchedModule } from "./patched-module.ts";
import { vaultEdits } from "./vault-edits.ts";

/** One program the tests run for real, by the name of its binary. */
export type ComponentName =
  | "netbox"
  | "go-template"
  | "kstatus"
  | "argo-health"
  | "etcd"
  | "kubeconform"
  | "prometheus-rules"
  | "helm"
  | "kustomize"
  | "sops"
  | "kube-apiserver"
  | "kube-controller-manager"
  | "kubeseal"
  | "sealed-secrets-controller"
  | "vault";

/** How one component is built: a Go module of ours that pins every module it is made of, and a package of it. */
export type Recipe = {
  /** Folder with go.mod and go.sum, below `recipes/`. */
  module: string;
  /** Import path of the main package. */
  package: string;
  /** Linker assignments `-X`, such as the version a release build would carry. */
  variables: readonly string[];
  /** A dependency that is edited first, in a copy that goes after the build. */
  patched?: PatchedModule;
};

// An unstamped API server reports a version that clients cannot parse.
const kubernetesVersion = "k8s.io/component-base/version.gitVersion=v1.36.3";
const sealedSecretsVersion = "main.VERSION=v0.40.0";

/** Every component, the quickest to build first. */
export const recipes: Readonly<Record<ComponentName, Recipe>> = {
  netbox: { module: "netbox", package: ".", variables: [] },
  "go-template": { module: "go-template", package: ".", variables: [] },
  kstatus: { module: "kstatus", package: ".", variables: [] },
  "argo-health": { module: "argo-health", package: ".", variables: [] },
  etcd: { module: "etcd", package: "go.etcd.io/etcd/server/v3", variables: [] },
  kubeconform: {
    module: "kubeconform",
    package: "github.com/yannh/kubeconform/cmd/kubeconform",
    variables: ["main.version=v0.8.0"],
  },
  "prometheus-rules": { module: "prometheus-rules", package: ".", variables: [] },
  helm: {
    module: "helm",
    package: "helm.sh/helm/v4/cmd/helm",
    variables: ["helm.sh/helm/v4/internal/version.version=v4.3.1"],
  },
  kustomize: { module: "kustomize", package: "sigs.k8s.io/kustomize/kustomize/v5", variables: [] },
  sops: { module: "sops", package: "github.com/getsops/sops/v3/cmd/sops", variables: [] },
  kubeseal: {
    module: "sealed-secrets",
    package: "github.com/bitnami/sealed-secrets/cmd/kubeseal",
    variables: [sealedSecretsVersion],
  },
  "sealed-secrets-controller": {
    module: "sealed-secrets",
    package: "github.com/bitnami/sealed-secrets/cmd/controller",
    variables: [sealedSecretsVersion],
  },
  "kube-apiserver": {
    module: "kubernetes",
    package: "k8s.io/kubernetes/cmd/kube-apiserver",
    variables: [kubernetesVersion],
  },
  "kube-controller-manager": {
    module: "kubernetes",
    package: "k8s.io/kubernetes/cmd/kube-controller-manager",
    variables: [kubernetesVersion],
  },
  // By far the slowest. Without the build tag "ui" it has no web pages.
  vault: {
    module: "vault",
    package: "github.com/hashicorp/vault",
    variables: [],
    patched: { path: "github.com/hashicorp/vault", edits: vaultEdits },
  },
};

/** All component names, in building order. */
export const componentNames = Object.keys(recipes).filter(isComponentName);

/** @returns whether `name` is a component there is a recipe for. */
export function isComponentName(name: string): name is ComponentName {
  return Object.hasOwn(recipes, name);
}

/** @returns absolute path of the Go module a component is built from. */
export function moduleFolder(recipe: Recipe): string {
  return join(import.meta.dirname, "recipes", recipe.module);
}

/** @returns the arguments of `go` that build `recipe` into the file `output`. */
export function buildArguments(recipe: Recipe, output: string): string[] {
  const linker = ["-s", "-w", ...recipe.variables.map((variable) => `-X ${variable}`)].join(" ");
  return [
    "build",
    "-mod=readonly",
    "-trimpath",
    "-buildvcs=false",
    `-ldflags=${linker}`,
    "-o",
    output,
    recipe.package,
  ];
}

/** @returns hexadecimal digest of all that decides the result: the module's files, the build's arguments and the edits. */
export async function recipeDigest(recipe: Recipe): Promise<string> {
  const hash = createHash("sha256").update(JSON.stringify(buildArguments(recipe, "")));
  if (recipe.patched !== undefined) hash.update(JSON.stringify(recipe.patched));
  const folder = moduleFolder(recipe);
  for (const file of (await readdir(folder)).toSorted()) {
    hash.update(`\0${file}\0`).update(await readFile(join(folder, file)));
  }
  return hash.digest("hex").slice(0, 16);
}
