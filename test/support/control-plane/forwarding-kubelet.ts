import { createServer } from "node:https";
import type { AddressInfo } from "node:net";
import { type ForwardTarget, servePortForwards } from "../port-forward-server.ts";
import { testCertificate } from "../test-certificates.ts";
import type { ControlPlane } from "./control-plane.ts";
import { firstBoxAddress } from "./host-network.ts";

/** A kubelet as far as port-forwarding goes. */
export type ForwardingKubelet = {
  /** What it was asked to forward to so far: `kube-system/pod:8080`. */
  forwarded: string[];
  /** Breaks all connections; new ones are served. */
  breakConnections(): void;
  close(): Promise<void>;
};

/**
 * Registers a node with the API server and serves `/portForward` for the Pods on it, which the API server passes on to
 * from its subresource.
 * @param nodeName what Pods have as `spec.nodeName`.
 * @param targetOf the address and port that a Pod, `NAMESPACE/NAME`, leads to.
 */
export async function startForwardingKubelet(
  controlPlane: ControlPlane,
  nodeName: string,
  targetOf: (pod: string) => ForwardTarget,
): Promise<ForwardingKubelet> {
  const { certificatePem, privateKeyPem } = testCertificate();
  const server = createServer({ cert: certificatePem, key: privateKeyPem });
  const portOf = ({ pathname, searchParams }: URL) => {
    const [, pod] = /^\/portForward\/([^/]+\/[^/]+)$/.exec(pathname) ?? [];
    return pod === undefined ? null : { pod, port: Number(searchParams.get("port")) };
  };
  const { forwarded, breakConnections } = servePortForwards(server, portOf, ({ pod }) => targetOf(pod));
  await new Promise<void>((resolve) => server.listen(0, firstBoxAddress, resolve));
  await register(controlPlane, nodeName, (server.address() as AddressInfo).port);
  const close = async () => {
    breakConnections();
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  };
  return { forwarded, breakConnections, close };
}

async function register(controlPlane: ControlPlane, name: string, port: number): Promise<void> {
  const node = { apiVersion: "v1", kind: "Node", metadata: { name } };
  const created = await controlPlane.request("POST", "/api/v1/nodes", node);
  if (created.status !== 201) throw new Error(`cannot make node ${name} (${created.status})`);
  const status = {
    addresses: [{ type: "InternalIP", address: firstBoxAddress }],
    daemonEndpoints: { kubeletEndpoint: { Port: port } },
  };
  const patched = await controlPlane.request(
    "PATCH",
    `/api/v1/nodes/${name}/status`,
    { status },
    { contentType: "application/merge-patch+json" },
  );
  if (patched.status !== 200) throw new Error(`cannot set the address of node ${name} (${patched.status})`);
}
