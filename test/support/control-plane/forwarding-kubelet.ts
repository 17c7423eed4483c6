import { createServer, type Server } from "node:https";
import { type AddressInfo, connect, type Socket } from "node:net";
import { type WebSocket, WebSocketServer } from "ws";
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

const PROTOCOL = "v4.channel.k8s.io";
const DATA = 0;
const ERROR = 1;

/**
 * Registers a node with the API server and serves `/portForward` for the Pods on it in the form that the API server
 * passes through from WebSocket clients: on each channel first the port's number, then bytes, or an error's text.
 * @param nodeName what Pods have as `spec.nodeName`.
 * @param targetOf the address and port that a Pod's port leads to; null for a Pod where nothing listens.
 */
export async function startForwardingKubelet(
  controlPlane: ControlPlane,
  nodeName: string,
  targetOf: (pod: string, port: number) => { host: string; port: number } | null,
): Promise<ForwardingKubelet> {
  const { certificatePem, privateKeyPem } = testCertificate();
  const server = createServer({ cert: certificatePem, key: privateKeyPem });
  const webSockets = new WebSocketServer({
    noServer: true,
    handleProtocols: (offered) => offered.has(PROTOCOL) && PROTOCOL,
  });
  const forwarded: string[] = [];
  server.on("upgrade", (request, socket, head) => {
    const url = new URL(request.url ?? "", "https://kubelet");
    const [, action, namespace, pod] = url.pathname.split("/");
    const port = Number(url.searchParams.get("port"));
    if (action !== "portForward" || namespace === undefined || pod === undefined) {
      socket.destroy();
      return;
    }
    const name = `${namespace}/${pod}`;
    forwarded.push(`${name}:${port}`);
    webSockets.handleUpgrade(request, socket, head, (client) => serve(client, port, targetOf(name, port)));
  });
  await new Promise<void>((resolve) => server.listen(0, firstBoxAddress, resolve));
  await register(controlPlane, nodeName, (server.address() as AddressInfo).port);
  return {
    forwarded,
    breakConnections: () => {
      for (const client of webSockets.clients) client.terminate();
    },
    close: () => close(server, webSockets),
  };
}

function serve(client: WebSocket, port: number, target: { host: string; port: number } | null): void {
  const number = Buffer.alloc(2);
  number.writeUInt16LE(port);
  for (const channel of [DATA, ERROR]) client.send(Buffer.concat([Buffer.of(channel), number]));
  if (target === null) {
    fail(client);
    return;
  }
  const socket: Socket = connect(target);
  socket.on("data", (bytes) => client.send(Buffer.concat([Buffer.of(DATA), bytes])));
  socket.on("error", () => fail(client));
  socket.on("close", () => client.close());
  client.on("message", (message: Buffer) => {
    if (message[0] === DATA) socket.write(message.subarray(1));
  });
  client.on("close", () => socket.destroy());
}

function fail(client: WebSocket): void {
  client.send(Buffer.concat([Buffer.of(ERROR), Buffer.from("error forwarding port: connection refused")]));
  client.close();
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

async function close(server: Server, webSockets: WebSocketServer): Promise<void> {
  for (const client of webSockets.clients) client.terminate();
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
}
