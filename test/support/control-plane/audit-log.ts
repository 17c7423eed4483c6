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
  /** Whether the asker has the right: "allow" or "forbid"; empty where it was not asked. Admission denials answer 403 too, with "allow" here. */
  decision: string;
  /** What gave the right, or that nothing did, in the authorizer's words. */
  decidedBy: string;
  userAgent: string;
  /** Which token was used, as `credentialOf` tells it of a token; empty for users with a fixed token. */
  credential: string;
  /** When the request came and when its answer was complete: RFC 3339 in UTC with six fraction digits, so they compare as text. */
  receivedAt: string;
  answeredAt: string;
};

/** @returns all events written so far, oldest first. */
export async function readAuditEvents(file: string): Promise<AuditEvent[]> {
  const text = await readFile(file, "utf8").catch(() => "");
  // The line being written has no end yet.
  const whole = text.slice(0, text.lastIndexOf("\n") + 1);
  return whole.split("\n").filter(Boolean).map(parseEvent);
}

/** How audit events name a ServiceAccount's token. */
export function credentialOf(token: string): string {
  const claims = record(JSON.parse(Buffer.from(token.split(".")[1] ?? "", "base64url").toString()));
  return `JTI=${String(claims["jti"])}`;
}

function parseEvent(line: string): AuditEvent {
  const event = record(JSON.parse(line));
  const object = record(event["objectRef"]);
  const annotations = record(event["annotations"]);
  const extra = record(record(event["user"])["extra"])["authentication.kubernetes.io/credential-id"];
  const credentials: unknown[] = Array.isArray(extra) ? extra : [];
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
    decision: string(annotations["authorization.k8s.io/decision"]),
    decidedBy: string(annotations["authorization.k8s.io/reason"]),
    userAgent: string(event["userAgent"]),
    credential: string(credentials[0]),
    receivedAt: string(event["requestReceivedTimestamp"]),
    answeredAt: string(event["stageTimestamp"]),
  };
}

const record = (value: unknown): Record<string, unknown> => (isRecord(value) ? value : {});
