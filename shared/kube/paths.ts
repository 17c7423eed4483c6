/** Path of core/v1 resources: all namespaces, one namespace, one object, or a subresource of it. */
export function corePath(
  plural: string,
  namespace?: string | null,
  name?: string,
  subresource?: string,
): string {
  return `${path("/api/v1", plural, namespace, name)}${subresource === undefined ? "" : `/${subresource}`}`;
}

/** Path of the EndpointSlices of one namespace. */
export function endpointSlicePath(namespace: string): string {
  return path("/apis/discovery.k8s.io/v1", "endpointslices", namespace);
}

/** Path of Leases: one namespace, or one object. */
export function leasePath(namespace: string, name?: string): string {
  return path("/apis/coordination.k8s.io/v1", "leases", namespace, name);
}

/** Path of SealedSecrets: all namespaces, one namespace, or one object. */
export function sealedSecretPath(namespace?: string | null, name?: string): string {
  return path("/apis/bitnami.com/v1alpha1", "sealedsecrets", namespace, name);
}

function path(base: string, plural: string, namespace?: string | null, name?: string): string {
  const scope = namespace == null ? "" : `/namespaces/${encodeURIComponent(namespace)}`;
  return `${base}${scope}/${plural}${name === undefined ? "" : `/${encodeURIComponent(name)}`}`;
}

/** Path through the API server to a Service: `http:NAME:PORT` and a path that begins with a slash. */
export function serviceProxyPath(namespace: string, name: string, portName: string, path: string): string {
  const target = ["http", name, portName].map(encodeURIComponent).join(":");
  return `/api/v1/namespaces/${encodeURIComponent(namespace)}/services/${target}/proxy${path}`;
}
