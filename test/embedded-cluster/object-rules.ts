import type { ApiObject } from "./api-object.ts";
import { isJsonObject } from "./api-object.ts";
import type { FieldCause } from "./api-status.ts";
import { invalidValue, requiredValue } from "./api-status.ts";
import { undecodable } from "./decode.ts";
import type { ApiResource } from "./resources.ts";
import { resourceOfDefinition } from "./resources.ts";
import {
  configMapCauses,
  decodeConfigMap,
  decodeSecret,
  immutabilityCauses,
  secretCauses,
  secretChangeCauses,
} from "./secret-rules.ts";

/** What a kind asks beyond metadata. */
export interface ObjectRules {
  /** Types and defaults the body. @throws ApiError 400 */
  decode?: (resource: ApiResource, object: ApiObject) => ApiObject;
  /** Sets what the server owns in a new object. */
  create?: (object: ApiObject) => ApiObject;
  validate?: (object: ApiObject) => FieldCause[];
  validateChange?: (next: ApiObject, previous: ApiObject) => FieldCause[];
}

const microTime = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{6})(Z|[+-]\d\d:\d\d)$/;

function decodeLease(resource: ApiResource, object: ApiObject): ApiObject {
  const spec = isJsonObject(object["spec"]) ? object["spec"] : {};
  for (const field of ["acquireTime", "renewTime"]) {
    const time = spec[field];
    if (time !== undefined && time !== null && !microTime.test(String(time))) {
      const fraction = String(time).slice(19);
      throw undecodable(
        resource,
        `parsing time ${JSON.stringify(time)} as "2006-01-02T15:04:05.000000Z07:00": cannot parse "${fraction}" as ".000000"`,
      );
    }
  }
  return object;
}

function leaseCauses(object: ApiObject): FieldCause[] {
  const spec = isJsonObject(object["spec"]) ? object["spec"] : {};
  const { leaseDurationSeconds: duration, leaseTransitions: transitions } = spec;
  return [
    ...(typeof duration === "number" && duration <= 0
      ? [invalidValue("spec.leaseDurationSeconds", duration, "must be greater than 0")]
      : []),
    ...(typeof transitions === "number" && transitions < 0
      ? [invalidValue("spec.leaseTransitions", transitions, "must be greater than or equal to 0")]
      : []),
  ];
}

function eventCauses(object: ApiObject): FieldCause[] {
  const involved = isJsonObject(object["involvedObject"]) ? object["involvedObject"] : {};
  // Events about cluster-wide objects stand in the default namespace.
  const namespace = (involved["namespace"] as string | undefined) ?? "default";
  return namespace === object.metadata.namespace
    ? []
    : [
        invalidValue(
          "involvedObject.namespace",
          involved["namespace"] ?? "",
          "does not match event.namespace",
        ),
      ];
}

function createEvent(object: ApiObject): ApiObject {
  return {
    source: {},
    firstTimestamp: null,
    lastTimestamp: null,
    eventTime: null,
    reportingComponent: "",
    reportingInstance: "",
    ...object,
  };
}

function createNamespace(object: ApiObject): ApiObject {
  const { metadata } = object;
  return {
    ...object,
    metadata: {
      ...metadata,
      labels: { ...metadata.labels, "kubernetes.io/metadata.name": metadata.name ?? "" },
    },
    spec: { finalizers: ["kubernetes"] },
    status: { phase: "Active" },
  };
}

function decodeService(_resource: ApiResource, object: ApiObject): ApiObject {
  const spec = isJsonObject(object["spec"]) ? object["spec"] : {};
  const ports = Array.isArray(spec["ports"]) ? (spec["ports"] as unknown[]) : [];
  return {
    ...object,
    spec: {
      type: "ClusterIP",
      sessionAffinity: "None",
      ...spec,
      ports: ports.map((port) =>
        isJsonObject(port) ? { protocol: "TCP", targetPort: port["port"], ...port } : port,
      ),
    },
  };
}

/** Established at once: this server starts serving a resource within the write of its definition. */
function createDefinition(object: ApiObject): ApiObject {
  const names = isJsonObject(object["spec"]) ? object["spec"]["names"] : undefined;
  const lastTransitionTime = object.metadata.creationTimestamp;
  return {
    ...object,
    status: {
      conditions: [
        {
          type: "NamesAccepted",
          status: "True",
          lastTransitionTime,
          reason: "NoConflicts",
          message: "no conflicts found",
        },
        {
          type: "Established",
          status: "True",
          lastTransitionTime,
          reason: "InitialNamesAccepted",
          message: "the initial names have been accepted",
        },
      ],
      acceptedNames: names,
      storedVersions: [resourceOfDefinition(object)?.version ?? ""],
    },
  };
}

function definitionCauses(object: ApiObject): FieldCause[] {
  const resource = resourceOfDefinition(object);
  if (resource === null) return [requiredValue("spec.versions")];
  const wanted = `${resource.plural}.${resource.group}`;
  return object.metadata.name === wanted
    ? []
    : [invalidValue("metadata.name", object.metadata.name, 'must be spec.names.plural+"."+spec.group')];
}

const rules: Record<string, ObjectRules> = {
  "/Secret": { decode: decodeSecret, validate: secretCauses, validateChange: secretChangeCauses },
  "/ConfigMap": { decode: decodeConfigMap, validate: configMapCauses, validateChange: immutabilityCauses },
  "/Event": { create: createEvent, validate: eventCauses },
  "/Namespace": { create: createNamespace },
  "/Service": { decode: decodeService, create: (object) => ({ ...object, status: { loadBalancer: {} } }) },
  "/Pod": { create: (object) => ({ ...object, status: { phase: "Pending" } }) },
  "coordination.k8s.io/Lease": { decode: decodeLease, validate: leaseCauses },
  "apiextensions.k8s.io/CustomResourceDefinition": { create: createDefinition, validate: definitionCauses },
};

const noRules: ObjectRules = {};

/** @returns the rules of a kind; empty for kinds that are stored as they come. */
export function rulesOf(resource: ApiResource): ObjectRules {
  return rules[`${resource.group}/${resource.kind}`] ?? noRules;
}
