import { isRecord } from "./control-plane/kube-object.ts";
import type { FakeVaultAnswers } from "./fake-vault.ts";
import type { RightAnswer } from "./http-fault.ts";

/**
 * Answers of a Vault whose keys are all derived ones in their first version; nothing is encrypted, and a context that is
 * another than at encryption is refused. For runs of the CLI that need some Vault to be there.
 */
export const transitAnswers: FakeVaultAnswers = ({ method, path, body }) => {
  const [, operation = ""] = /^[^/]+\/(keys|encrypt|decrypt|rewrap)\//.exec(path) ?? [];
  if (method === "GET" && operation === "keys") {
    return data({
      type: "aes256-gcm96",
      derived: true,
      latest_version: 1,
      min_decryption_version: 1,
      keys: {},
    });
  }
  const batch =
    isRecord(body) && Array.isArray(body["batch_input"]) ? (body["batch_input"] as unknown[]) : null;
  if (batch === null) return null;
  const results = batch.map((entry) => answerTo(operation, isRecord(entry) ? entry : {}));
  return results.some((result) => "error" in result)
    ? { status: 400, body: { data: { batch_results: results } } }
    : data({ batch_results: results });
};

function answerTo(operation: string, entry: Record<string, unknown>): Record<string, unknown> {
  const context = String(entry["context"]);
  if (operation === "encrypt") {
    const sealed = JSON.stringify([context, entry["plaintext"]]);
    return { ciphertext: `vault:v1:${Buffer.from(sealed).toString("base64")}`, key_version: 1 };
  }
  const text = Buffer.from(String(entry["ciphertext"]).replace(/^vault:v1:/, ""), "base64").toString();
  const [sealedFor, plaintext] = JSON.parse(text) as [string, string];
  if (sealedFor !== context) return { error: "cipher: message authentication failed" };
  return operation === "rewrap" ? { ciphertext: entry["ciphertext"], key_version: 1 } : { plaintext };
}

function data(body: object): RightAnswer {
  return { status: 200, body: { data: body } };
}
