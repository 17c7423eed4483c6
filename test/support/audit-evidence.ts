import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import type { Evidence } from "./canary.ts";
import { isRecord } from "./control-plane/kube-object.ts";

/** Audit policy: every request and answer with its body. */
export const wholeBodies = {
  apiVersion: "audit.k8s.io/v1",
  kind: "Policy",
  omitStages: ["RequestReceived"],
  rules: [{ level: "RequestResponse" }],
};

/** Every audit event; of Secrets, and of tokens that were asked for, all but the bodies unless these are asked for. */
export async function auditEvidence(
  file: string,
  bodies?: "with the bodies of Secrets",
): Promise<Evidence[]> {
  const lines = (await readFile(file, "utf8")).split("\n").filter((line) => line !== "");
  return lines.map((line) => {
    const event: unknown = JSON.parse(line);
    assert.ok(isRecord(event));
    const reference = isRecord(event["objectRef"]) ? event["objectRef"] : {};
    const { resource, subresource } = reference;
    const belongs = resource === "secrets" || (resource === "serviceaccounts" && subresource === "token");
    const { requestObject, responseObject, ...rest } = event;
    const content = belongs && bodies === undefined ? rest : { ...rest, requestObject, responseObject };
    return {
      where: `audit: ${String(event["verb"])} ${String(event["requestURI"])}`,
      content: JSON.stringify(content, shortened),
    };
  });
}

/** Of a text as long as only a large sealed value is, both ends: the search through all of it would take minutes. */
export function shortened(_key: string, value: unknown): unknown {
  if (typeof value !== "string" || value.length < 100_000) return value;
  return `${value.slice(0, 10_000)} ${value.slice(-10_000)}`;
}
