const ORDERS: Readonly<Record<string, readonly string[]>> = {
  "": ["kind", "apiVersion", "metadata", "spec", "status"],
  metadata: [
    "name",
    "generateName",
    "namespace",
    "selfLink",
    "uid",
    "resourceVersion",
    "generation",
    "creationTimestamp",
    "deletionTimestamp",
    "deletionGracePeriodSeconds",
    "labels",
    "annotations",
    "ownerReferences",
    "finalizers",
    "managedFields",
  ],
  spec: ["template", "data", "encryptedData"],
  template: ["metadata", "type", "immutable", "data"],
};

/**
 * A SealedSecret with its fields in the order in which Go's types have them, which is kubeseal's order in JSON. Fields
 * that those types do not have come last, as they were. Maps of names are the writer's to sort.
 */
export function inFieldOrder(sealedSecret: object): object {
  return ordered(sealedSecret, "");
}

function ordered(value: object, field: string): object {
  const order = ORDERS[field] ?? [];
  const rank = (key: string) => (order.includes(key) ? order.indexOf(key) : order.length);
  const entries = Object.entries(value).sort(([a], [b]) => rank(a) - rank(b));
  return Object.fromEntries(
    entries.map(([key, inner]) => [key, isMap(inner) && order.includes(key) ? ordered(inner, key) : inner]),
  );
}

function isMap(value: unknown): value is object {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
