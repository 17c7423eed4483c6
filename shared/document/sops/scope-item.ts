import type { Scope } from "../../scope.ts";

/**
 * The item of a SealedSecret that is a SOPS document which says what it was sealed for. A slash is no character of a
 * Secret's items, so it collides with none, and it never reaches the Secret.
 */
export const SCOPE_ITEM = "signet.dev/scope";

/**
 * What that item holds (docs/formats.md): `1`, cluster id, scope kind, and as far as the scope binds them namespace and
 * name, with slashes between them. Cluster ids come percent-encoded (`%`, `/`, and what is not printable ASCII), so that two
 * places have the same text only when they are the same.
 */
export function scopeItem(clusterId: string, scope: Scope): string {
  const cluster = clusterId.replaceAll(/[^!-$&-.0-~]/gu, encodeURIComponent);
  const place =
    scope.kind === "strict"
      ? [scope.namespace, scope.name]
      : scope.kind === "namespace-wide"
        ? [scope.namespace]
        : [];
  return ["1", cluster, scope.kind, ...place].join("/");
}
