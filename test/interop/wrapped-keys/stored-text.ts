import type { ControlPlane } from "../../support/control-plane/control-plane.ts";

/** Whether etcd holds, now, any line of a private key: as it is, or in base64 as Secrets have it. Asked by its own API. */
export async function etcdHolds({ etcd }: ControlPlane, privateKeyPem: string): Promise<boolean> {
  const everything = Buffer.from([0]).toString("base64");
  const response = await fetch(`${etcd.url}/v3/kv/range`, {
    method: "POST",
    body: JSON.stringify({ key: everything, range_end: everything }),
  });
  const { kvs = [] } = (await response.json()) as { kvs?: { value?: string }[] };
  if (kvs.length === 0) throw new Error("etcd gave nothing");
  const stored = kvs.map(({ value = "" }) => Buffer.from(value, "base64").toString("latin1")).join("\n");
  return traces(privateKeyPem).some((trace) => stored.includes(trace));
}

/** Whether a text shows any line of a private key. */
export function showsKey(text: string, privateKeyPem: string): boolean {
  return traces(privateKeyPem).some((trace) => text.includes(trace));
}

/** The lines of the key itself, and what its base64 has of them whatever stands before. */
function traces(privateKeyPem: string): string[] {
  const lines = privateKeyPem.split("\n").filter((line) => line !== "" && !line.startsWith("-----"));
  const inBase64 = Buffer.from(privateKeyPem).toString("base64");
  const pieces = Array.from({ length: Math.floor(inBase64.length / 64) - 2 }, (_, at) =>
    inBase64.slice(64 * (at + 2), 64 * (at + 3)),
  );
  return [...lines.filter((line) => line.length > 32), ...pieces];
}
