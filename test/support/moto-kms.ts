import { ensureMotoServer } from "../tools/moto.ts";
import { ensureRealComponents } from "../tools/real-components.ts";
import { freePort } from "./control-plane/host-network.ts";
import { isRecord } from "./control-plane/kube-object.ts";
import { type ManagedProcess, startProcess } from "./control-plane/managed-process.ts";
import { untilReady } from "./control-plane/process-readiness.ts";
import { retryTakenPort } from "./control-plane/retry-taken-port.ts";
import { makeScratchFolder } from "./control-plane/scratch-folder.ts";
import { askKms, awsEnvironment, type KmsAnswer } from "./kms-request.ts";

/** A running moto, which answers as KMS and STS do; what it has is in memory. It knows neither disabled keys nor rights. */
export type MotoKms = {
  /** Where it is: http://127.0.0.1:PORT. */
  readonly url: string;
  /** What a client needs in its environment to find it. */
  readonly environment: Readonly<Record<string, string>>;
  readonly process: ManagedProcess;
  /** Sends one request, such as `request("DescribeKey", { KeyId })`. It fails only when there is no answer at all. */
  request(operation: string, input: object): Promise<KmsAnswer>;
  /** @returns ARN of a new key that encrypts. */
  createKey(): Promise<string>;
  /**
   * Gives a key another name, or gives the name to another key.
   * @param name such as "alias/app".
   * @returns ARN of the alias.
   */
  setAlias(name: string, keyArn: string): Promise<string>;
  /** Forgets everything. */
  reset(): Promise<void>;
  /** Ends it. May be called twice. */
  stop(): Promise<void>;
};

/**
 * Starts moto on a loopback port the kernel chose, and waits until it serves (two seconds).
 * @throws Error with the last lines of its output when it does not come up.
 */
export async function startMotoKms(): Promise<MotoKms> {
  const server = await ensureMotoServer();
  const { netbox } = await ensureRealComponents(["netbox"]);
  const scratch = await makeScratchFolder("moto");
  const { url, process } = await retryTakenPort(() => launch(netbox, server, scratch.path)).catch(
    async (error: unknown) => {
      await scratch.remove();
      throw error;
    },
  );
  const request = (operation: string, input: object): Promise<KmsAnswer> => askKms(url, operation, input);
  const succeed = async (operation: string, input: object): Promise<Record<string, unknown>> => {
    const { status, body } = await request(operation, input);
    if (status === 200) return body;
    throw new Error(`${operation} was answered ${status}: ${JSON.stringify(body)}`);
  };
  return {
    url,
    environment: awsEnvironment(url, ["KMS", "STS"]),
    process,
    request,
    async createKey() {
      const { KeyMetadata: key } = await succeed("CreateKey", {});
      if (!isRecord(key) || typeof key["Arn"] !== "string") throw new Error("moto made no key");
      return key["Arn"];
    },
    async setAlias(name, keyArn) {
      const TargetKeyId = keyArn.slice(keyArn.lastIndexOf("/") + 1);
      const known = await request("UpdateAlias", { AliasName: name, TargetKeyId });
      if (known.status !== 200) await succeed("CreateAlias", { AliasName: name, TargetKeyId });
      return `${keyArn.slice(0, keyArn.lastIndexOf(":"))}:${name}`;
    },
    async reset() {
      await fetch(`${url}/moto-api/reset`, { method: "POST" });
    },
    async stop() {
      await process.stop();
      await scratch.remove();
    },
  };
}

async function launch(
  netbox: string,
  server: string,
  folder: string,
): Promise<{ url: string; process: ManagedProcess }> {
  const port = await freePort();
  const url = `http://127.0.0.1:${port}`;
  const process = await startProcess({
    name: "moto",
    command: netbox,
    args: ["exec", "--", server, "-H", "127.0.0.1", "-p", String(port)],
    // Credentials or endpoints of the user's environment would be taken up by its own client of AWS.
    env: { PATH: globalThis.process.env["PATH"], HOME: folder },
  });
  await untilReady(process, { what: "its API", boundMs: 60_000 }, async () => {
    const answer = await fetch(`${url}/moto-api/data.json`);
    return answer.ok ? true : null;
  });
  return { url, process };
}
