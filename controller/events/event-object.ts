import { hostname } from "node:os";
import type { KubeObject } from "../../shared/kube/client.ts";
import { wholeSeconds } from "../timestamp.ts";

/** Source of our events, as filters on it know it. */
const COMPONENT = "sealed-secrets";
const MAX_MESSAGE_CHARACTERS = 1024;
const MAX_STEM_CHARACTERS = 230;

/** One thing that happened to an object. */
export type Happening = {
  type: "Normal" | "Warning";
  reason: string;
  message: string;
};

/** The object an event is about; any object of the API will do. */
export type Subject = {
  apiVersion?: string | undefined;
  kind?: string | undefined;
  metadata: {
    name?: string | undefined;
    namespace?: string | undefined;
    uid?: string | undefined;
    resourceVersion?: string | undefined;
  };
};

/** All that an event is written from: it may wait long, and does not keep a whole object. */
export type Occurrence = Readonly<{
  apiVersion: string;
  kind: string;
  namespace: string;
  name: string;
  uid: string;
  resourceVersion: string;
  type: Happening["type"];
  reason: string;
  message: string;
  at: Date;
}>;

/** What happened to an object, its message cut to what an event holds. */
export function occurrence(about: Subject, { type, reason, message }: Happening, at: Date): Occurrence {
  const { namespace = "default", name = "", uid = "", resourceVersion = "" } = about.metadata;
  return {
    apiVersion: about.apiVersion ?? "",
    kind: about.kind ?? "",
    namespace,
    name,
    uid,
    resourceVersion,
    type,
    reason,
    message: message.slice(0, MAX_MESSAGE_CHARACTERS),
    at,
  };
}

/** The line that dashboards know events by: as Go prints the object reference. */
export function eventLine({ kind, namespace, name, uid, ...event }: Occurrence): string {
  const { apiVersion, resourceVersion, type, reason, message } = event;
  const fields = {
    Kind: kind,
    Namespace: namespace,
    Name: name,
    UID: uid,
    APIVersion: apiVersion,
    ResourceVersion: resourceVersion,
    FieldPath: "",
  };
  const reference = Object.entries(fields).map(([field, value]) => `${field}:${JSON.stringify(value)}`);
  return `Event(v1.ObjectReference{${reference.join(", ")}}): type: '${type}' reason: '${reason}' ${message}`;
}

/** The core/v1 Event, with a name of its own. */
export function eventObject(event: Occurrence): KubeObject & { metadata: { name: string } } {
  const { apiVersion, kind, name, namespace, uid, resourceVersion, type, reason, message } = event;
  const at = wholeSeconds(event.at);
  return {
    apiVersion: "v1",
    kind: "Event",
    metadata: { name: eventName(event), namespace },
    involvedObject: { apiVersion, kind, name, namespace, uid, resourceVersion },
    type,
    reason,
    message,
    source: { component: COMPONENT },
    reportingComponent: COMPONENT,
    reportingInstance: hostname(),
    firstTimestamp: at,
    lastTimestamp: at,
    count: 1,
  };
}

/** Unique; at most 253 characters, however long the object's own name is. */
function eventName({ name, at }: Occurrence): string {
  const stem = name.slice(0, MAX_STEM_CHARACTERS).replace(/[^a-z0-9]+$/, "") || "object";
  return `${stem}.${at.getTime().toString(16)}${suffix()}`;
}

function suffix(): string {
  return crypto.getRandomValues(new Uint16Array(1))[0]?.toString(16).padStart(4, "0") ?? "0000";
}
