import type { ApiObject, OwnerReference } from "./api-object.ts";
import type { FieldCause } from "./api-status.ts";
import { forbiddenField, invalidValue, requiredValue, tooLong } from "./api-status.ts";
import type { ApiResource } from "./resources.ts";

const annotationsLimitBytes = 256 * 1024;

const label1123 = "[a-z0-9]([-a-z0-9]*[a-z0-9])?";
const subdomain1123 = `${label1123}(\\.${label1123})*`;
const qualifiedNamePart = "([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]";
const labelValue = `(${qualifiedNamePart})?`;

const whole = (pattern: string): RegExp => new RegExp(`^${pattern}$`);

const subdomainMessage = `a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is '${subdomain1123}')`;
const labelMessage = `a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with an alphanumeric character (e.g. 'my-name', or '123-abc', regex used for validation is '${label1123}')`;
const labelValueMessage = `a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyValue',  or 'my_value',  or '12345', regex used for validation is '${labelValue}')`;
const namePartMessage = `name part must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is '${qualifiedNamePart}')`;

const keyMessage = `a valid label key must consist of ${namePartMessage.slice("name part must consist of ".length)} with an optional DNS subdomain prefix and '/' (e.g. 'example.com/MyName')`;

/** Kinds whose names are DNS labels; RBAC names are free; all others are DNS subdomains. */
const labelNamed = ["namespaces", "services"];

function nameCauses(resource: ApiResource, name: string): FieldCause[] {
  const field = "metadata.name";
  if (resource.group === "rbac.authorization.k8s.io") return [];
  const isLabel = resource.group === "" && labelNamed.includes(resource.plural);
  const limit = isLabel ? 63 : 253;
  const causes: FieldCause[] = [];
  if (name.length > limit) causes.push(invalidValue(field, name, `must be no more than ${limit} bytes`));
  const isSubdomain = whole(subdomain1123).test(name);
  if (!isLabel && !isSubdomain) causes.push(invalidValue(field, name, subdomainMessage));
  if (isLabel && !whole(label1123).test(name))
    causes.push(invalidValue(field, name, isSubdomain ? "must not contain dots" : labelMessage));
  return causes;
}

function keyCauses(field: string, key: string): FieldCause[] {
  const parts = key.split("/");
  const name = parts.at(-1) ?? "";
  const causes: FieldCause[] = [];
  if (parts.length > 2) return [invalidValue(field, key, keyMessage)];
  if (parts.length === 2 && !whole(subdomain1123).test(parts[0] ?? ""))
    causes.push(invalidValue(field, key, `prefix part ${subdomainMessage}`));
  if (name.length > 63) causes.push(invalidValue(field, key, "name part must be no more than 63 bytes"));
  if (!whole(qualifiedNamePart).test(name)) causes.push(invalidValue(field, key, namePartMessage));
  return causes;
}

function ownerCauses(owners: readonly OwnerReference[]): FieldCause[] {
  const field = "metadata.ownerReferences";
  const causes = owners.flatMap((owner) =>
    (["apiVersion", "kind", "name", "uid"] as const)
      .filter((part) => (owner[part] ?? "") === "")
      .map((part) => invalidValue(`${field}.${part}`, "", "must not be empty")),
  );
  const controllers = owners.filter((owner) => owner.controller === true);
  if (controllers.length > 1)
    causes.push(
      invalidValue(field, owners, "Only one reference can have Controller set to true. Found more than one"),
    );
  return causes;
}

/** What is wrong with an object's metadata, as causes of an Invalid answer. */
export function metadataCauses(resource: ApiResource, object: ApiObject): FieldCause[] {
  const { name = "", labels = {}, annotations = {}, ownerReferences = [] } = object.metadata;
  if (name === "") return [requiredValue("metadata.name", "name or generateName is required")];
  const annotationBytes = Object.entries(annotations).reduce(
    (sum, [key, value]) => sum + Buffer.byteLength(key) + Buffer.byteLength(value),
    0,
  );
  return [
    ...nameCauses(resource, name),
    ...Object.entries(labels).flatMap(([key, value]) => [
      ...keyCauses("metadata.labels", key),
      ...(value.length > 63
        ? [invalidValue("metadata.labels", value, "must be no more than 63 bytes")]
        : whole(labelValue).test(value)
          ? []
          : [invalidValue("metadata.labels", value, labelValueMessage)]),
    ]),
    ...Object.keys(annotations).flatMap((key) => keyCauses("metadata.annotations", key.toLowerCase())),
    ...(annotationBytes > annotationsLimitBytes
      ? [tooLong("metadata.annotations", annotationsLimitBytes)]
      : []),
    ...ownerCauses(ownerReferences),
  ];
}

/** What an update may not change in metadata. */
export function metadataChangeCauses(next: ApiObject, previous: ApiObject): FieldCause[] {
  const causes: FieldCause[] = [];
  if (next.metadata.uid !== previous.metadata.uid)
    causes.push(invalidValue("metadata.uid", next.metadata.uid, "field is immutable"));
  if (previous.metadata.deletionTimestamp !== undefined) {
    const known = previous.metadata.finalizers ?? [];
    const added = (next.metadata.finalizers ?? []).filter((one) => !known.includes(one));
    if (added.length > 0)
      causes.push(
        forbiddenField(
          "metadata.finalizers",
          `no new finalizers can be added if the object is being deleted, found new finalizers []string{${added.map((one) => JSON.stringify(one)).join(", ")}}`,
        ),
      );
  }
  return causes;
}
