import type { ApiObject } from "./api-object.ts";
import { isJsonObject } from "./api-object.ts";
import { badRequest } from "./api-status.ts";
import type { ApiResource } from "./resources.ts";

/** True for the objects a request asks for. */
export type ObjectFilter = (object: ApiObject) => boolean;

type LabelRequirement = (labels: Record<string, string>) => boolean;

const labelKey = "[A-Za-z0-9./_-]+";
const labelValue = "[A-Za-z0-9._-]*";
const setRequirement = new RegExp(`^(${labelKey})\\s+(in|notin)\\s*\\(([^)]*)\\)$`);
const equalityRequirement = new RegExp(`^(${labelKey})\\s*(==|=|!=)\\s*(${labelValue})$`);
const existenceRequirement = new RegExp(`^(!?)\\s*(${labelKey})$`);

/** Splits at commas outside parentheses. */
function splitRequirements(selector: string): string[] {
  return selector
    .split(/,(?![^(]*\))/)
    .map((part) => part.trim())
    .filter((part) => part !== "");
}

function labelRequirement(text: string): LabelRequirement {
  const [, setKey, operator, list] = setRequirement.exec(text) ?? [];
  if (setKey !== undefined && list !== undefined) {
    const values = list.split(",").map((value) => value.trim());
    const isIn: LabelRequirement = (labels) => setKey in labels && values.includes(labels[setKey] ?? "");
    return operator === "in" ? isIn : (labels) => !isIn(labels);
  }
  const [, key, comparison, value] = equalityRequirement.exec(text) ?? [];
  if (key !== undefined)
    return comparison === "!=" ? (labels) => labels[key] !== value : (labels) => labels[key] === value;
  const [, not, present] = existenceRequirement.exec(text) ?? [];
  if (present === undefined) throw badRequest(`unable to parse requirement: found '${text}'`);
  return (labels) => present in labels !== (not === "!");
}

/** @throws ApiError 400 for a selector that cannot be read. */
export function parseLabelSelector(selector: string): ObjectFilter {
  const requirements = splitRequirements(selector).map(labelRequirement);
  return (object) => requirements.every((holds) => holds(object.metadata.labels ?? {}));
}

function fieldValue(object: ApiObject, label: string): string {
  let value: unknown = object;
  for (const part of label.split(".")) value = isJsonObject(value) ? value[part] : undefined;
  return value === undefined || value === null ? "" : String(value);
}

/** @throws ApiError 400 for a selector that cannot be read or a field the resource does not select by. */
export function parseFieldSelector(selector: string, resource: ApiResource): ObjectFilter {
  const labels = ["metadata.name", "metadata.namespace", ...resource.fieldLabels];
  const parts = selector.split(/(?<!\\),/).filter((part) => part !== "");
  const requirements = parts.map((text): ObjectFilter => {
    const [, label, operator, escaped] = /^([^=!]+)(==|=|!=)(.*)$/.exec(text) ?? [];
    if (label === undefined || escaped === undefined)
      throw badRequest(`invalid selector: '${selector}'; can't understand '${text}'`);
    if (!labels.includes(label)) throw badRequest(`field label not supported: ${label}`);
    const wanted = escaped.replace(/\\([,=\\])/g, "$1");
    return (object) => (fieldValue(object, label) === wanted) === (operator !== "!=");
  });
  return (object) => requirements.every((holds) => holds(object));
}
