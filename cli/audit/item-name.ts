import type { SealedObject, SealedValue } from "../inventory/sealed-object.ts";

/** An item of an object. */
export type ItemAt = { object: SealedObject; value: SealedValue };

/** Namespace and name of an object, for people; the namespace is left out where it has none. */
export function objectName({ sealedSecret: { metadata } }: SealedObject): string {
  const { namespace = "", name } = metadata;
  return namespace === "" ? name : `${namespace}/${name}`;
}

/** An item, for people. */
export function itemName({ object, value }: ItemAt): string {
  return `${objectName(object)} ${value.item}`;
}

/** The same for maps: wherever the object was found, an item of that name is the same one. */
export function itemKey({ object, value }: ItemAt): string {
  const { namespace = "", name } = object.sealedSecret.metadata;
  return JSON.stringify([namespace, name, value.item]);
}

/** Where an object was found, for people. */
export function placeOf({ origin }: SealedObject): string {
  switch (origin.kind) {
    case "file":
      return `${origin.path}:${origin.line}`;
    case "cluster":
      return "the cluster";
    case "commit":
      return `${origin.path}:${origin.line} in commit ${origin.commit.slice(0, 12)}`;
  }
}
