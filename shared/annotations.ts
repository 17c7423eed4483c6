/** Annotations in which kubectl and kubecfg keep the whole object as last applied: of a Secret, in plain text. */
export const LAST_APPLIED_ANNOTATIONS: ReadonlySet<string> = new Set([
  "kubectl.kubernetes.io/last-applied-configuration",
  "kubecfg.ksonnet.io/last-applied-configuration",
]);
