import type { ControlPlane } from "./control-plane.ts";
import { isRecord } from "./kube-object.ts";

/** A process of the test that shall be reachable through the API server's Service proxy. */
export type ExposedService = {
  controlPlane: ControlPlane;
  namespace: string;
  /** Name of the Service, its Endpoints and the pod behind it. */
  name: string;
  /** Address the process listens on: one of the box's, since the API server refuses to forward to loopback. */
  podIP: string;
  /** Port the process listens on. */
  port: number;
  /** Name of the Service's port; unnamed by default. */
  portName?: string;
  /** Port number of the Service itself; 8080 by default. */
  servicePort?: number;
};

/**
 * Makes the objects that a kubelet and the endpoint controllers would: a running pod at an address, and a Service with
 * that pod as its endpoint. `…/services/http:NAME:PORTNAME/proxy/…` then reaches the process. May be called again to move
 * the Service to another address or port.
 * @returns path of the Service proxy's root, ending in "/proxy".
 */
export async function exposeAsService(service: ExposedService): Promise<string> {
  const { controlPlane, namespace, name, podIP, port, portName, servicePort = 8080 } = service;
  const pods = `/api/v1/namespaces/${namespace}/pods`;
  const portNamed = portName === undefined ? {} : { name: portName };
  const pod = {
    apiVersion: "v1",
    kind: "Pod",
    metadata: { name, namespace, labels: { "signet.test/exposed": name } },
    // With a node it counts as scheduled; there is no kubelet that would start it.
    spec: { nodeName: "test", containers: [{ name: "main", image: "none" }] },
  };
  const created = await controlPlane.request("POST", pods, pod);
  const alreadyThere = 409;
  if (created.status !== 201 && created.status !== alreadyThere)
    throw new Error(`cannot make pod ${namespace}/${name} (${created.status}): ${messageOf(created.body)}`);
  const status = {
    phase: "Running",
    podIP,
    podIPs: [{ ip: podIP }],
    conditions: [{ type: "Ready", status: "True" }],
  };
  const patched = await controlPlane.request(
    "PATCH",
    `${pods}/${name}/status`,
    { status },
    {
      contentType: "application/merge-patch+json",
    },
  );
  if (patched.status !== 200) throw new Error(`cannot set the pod's address: ${messageOf(patched.body)}`);
  await controlPlane.apply([
    {
      apiVersion: "v1",
      kind: "Service",
      metadata: { name, namespace },
      spec: { ports: [{ ...portNamed, port: servicePort, targetPort: port }] },
    },
    {
      apiVersion: "v1",
      kind: "Endpoints",
      metadata: { name, namespace },
      subsets: [
        {
          addresses: [{ ip: podIP, targetRef: { kind: "Pod", namespace, name } }],
          ports: [{ ...portNamed, port }],
        },
      ],
    },
  ]);
  return `/api/v1/namespaces/${namespace}/services/http:${name}:${portName ?? ""}/proxy`;
}

function messageOf(body: unknown): string {
  return isRecord(body) ? String(body["message"]) : String(body);
}
