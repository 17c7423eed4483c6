import type { KubeObject } from "../support/control-plane/kube-object.ts";

const text = { type: "string" };
const texts = { type: "object", additionalProperties: text };
const list = (items: object): object => ({ type: "array", items });
const object = (properties: Record<string, object>, required: string[] = []): object => ({
  type: "object",
  properties,
  required,
});
const relabelings = list(object({ action: text, regex: text, sourceLabels: list(text), targetLabel: text }));
const rule = object({ alert: text, expr: text, for: text, labels: texts, annotations: texts }, ["expr"]);

/**
 * As much of the Prometheus Operator's resources as our objects use (monitoring.coreos.com/v1,
 * https://prometheus-operator.dev/docs/api-reference/api/), closed to anything else.
 */
export const monitoringDefinitions: readonly KubeObject[] = [
  definition("ServiceMonitor", {
    selector: object({ matchLabels: texts }),
    namespaceSelector: object({ matchNames: list(text) }),
    endpoints: list(
      object({
        port: text,
        interval: text,
        scrapeTimeout: text,
        honorLabels: { type: "boolean" },
        authorization: object({ type: text, credentials: object({ name: text, key: text }, ["key"]) }),
        relabelings,
        metricRelabelings: relabelings,
      }),
    ),
  }),
  definition("PodMonitor", {
    jobLabel: text,
    selector: object({ matchLabels: texts }),
    podMetricsEndpoints: list(object({ port: text, honorLabels: { type: "boolean" }, interval: text })),
  }),
  definition("PrometheusRule", {
    groups: list(object({ name: text, interval: text, rules: list(rule) }, ["name"])),
  }),
];

function definition(kind: string, spec: Record<string, object>): KubeObject {
  const plural = `${kind.toLowerCase()}s`;
  const schema = { openAPIV3Schema: object({ spec: object(spec) }, ["spec"]) };
  return {
    apiVersion: "apiextensions.k8s.io/v1",
    kind: "CustomResourceDefinition",
    metadata: { name: `${plural}.monitoring.coreos.com` },
    spec: {
      group: "monitoring.coreos.com",
      names: { kind, listKind: `${kind}List`, plural, singular: kind.toLowerCase() },
      scope: "Namespaced",
      versions: [{ name: "v1", served: true, storage: true, schema }],
    },
  };
}
