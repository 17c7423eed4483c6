import type { WantedSecret } from "./secret-object.ts";

type Tool = "Argo CD" | "Flux" | "Helm";
type Mark = { in: "labels" | "annotations"; key: string; tool: Tool; onlyUnowned?: true };

/**
 * Labels and annotations by which deployment tools know what is theirs to change, run or delete. Argo CD leaves alone
 * what has an owner, so the label that half the world sets counts only where there is none.
 */
const MARKS: readonly Mark[] = [
  { in: "annotations", key: "argocd.argoproj.io/tracking-id", tool: "Argo CD" },
  { in: "annotations", key: "argocd.argoproj.io/installation-id", tool: "Argo CD" },
  { in: "annotations", key: "argocd.argoproj.io/hook", tool: "Argo CD" },
  { in: "annotations", key: "argocd.argoproj.io/hook-delete-policy", tool: "Argo CD" },
  { in: "labels", key: "argocd.argoproj.io/instance", tool: "Argo CD" },
  { in: "labels", key: "app.kubernetes.io/instance", tool: "Argo CD", onlyUnowned: true },
  { in: "labels", key: "kustomize.toolkit.fluxcd.io/name", tool: "Flux" },
  { in: "labels", key: "kustomize.toolkit.fluxcd.io/namespace", tool: "Flux" },
  { in: "labels", key: "helm.toolkit.fluxcd.io/name", tool: "Flux" },
  { in: "labels", key: "helm.toolkit.fluxcd.io/namespace", tool: "Flux" },
  { in: "annotations", key: "meta.helm.sh/release-name", tool: "Helm" },
  { in: "annotations", key: "meta.helm.sh/release-namespace", tool: "Helm" },
];

/** Warns of what a template carries that makes a deployment tool take the Secret for its own; one sentence for each tool. */
export function trackingWarnings(wanted: WantedSecret): string[] {
  const found = MARKS.filter(
    ({ in: where, key, onlyUnowned }) =>
      Object.hasOwn(wanted[where], key) && (onlyUnowned !== true || wanted.owner === null),
  );
  const tools = [...new Set(found.map(({ tool }) => tool))];
  return tools.map((tool) => {
    const keys = found.filter((mark) => mark.tool === tool).map(({ key }) => key);
    return `${tool} may take the Secret for its own, and delete it, since the template sets ${keys.join(", ")}: remove that from spec.template.metadata`;
  });
}
