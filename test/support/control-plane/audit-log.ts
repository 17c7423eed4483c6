import { readFile } from "node:fs/promises";
import { isRecord } from "./kube-object.ts";

/** Every request at the level Metadata: who asked what of which resource, without bodies. */
export const auditPolicy = {
  apiVersion: "audit.k8s.io/v1",
  kind: "Policy",
  omitStages: ["RequestReceived"],
  rules: [{ level: "Metadata" }],
};

/** The fields of an audit event (audit.k8s.io/v1) that tests ask about. */
export type AuditEvent = {
  /** ResponseComplete once a request; long-running ones (watches, the Service proxy) have a ResponseStarted before it. */
  stage: string;
  /** get, list, watch, create, update, patch, delete, … */
  verb: string;
  requestURI: string;
  user: string;
  /** Plural of the resource; empty for paths that are none. */
  resource: string;
  subresource: string;
  namespace: string;
  name: string;
  /** Status of the answer. */
  code: number;
  userAgent: string;
};

/** @returns all events written so far, oldest first. */
export async function readAuditEvents(file: string): Promise<AuditEvent[]> {
  const text = await readFile(file, "utf8").catch(() => "");
  // The line being written has no end yet.
  const whole = text.slice(0, text.lastIndexOf("\n") + 1);
  return whole.split("\n").filter(Boolean).map(parseEvent);
}

function parseEvent(line: string): AuditEvent {
  const event = record(JSON.parse(line));
  const object = record(event["objectRef"]);
  const string = (value: unknown): string => (typeof value === "string" ? value : "");
  return {
    stage: string(event["stage"]),
    verb: string(event["verb"]),
    requestURI: string(event["requestURI"]),
    user: string(record(event["user"])["username"]),
    resource: string(object["resource"]),
    subresource: string(object["subresource"]),
    namespace: string(object["namespace"]),
    name: string(object["name"]),
    code: Number(record(event["responseStatus"])["code"] ?? 0),
    userAgent: string(event["userAgent"]),
  };
}

const record = (value: unknown): Record<string, unknown> => (isRecord(value) ? value : {});
