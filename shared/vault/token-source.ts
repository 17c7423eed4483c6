import { readFile } from "node:fs/promises";
import { KeyServiceError } from "../seal/key-service-error.ts";
import { isToken, type KubernetesLogin } from "./kubernetes-login.ts";

/** Where the token of a session comes from. */
export type TokenSource =
  /** Given; it is used until the session ends. */
  | { kind: "token"; token: string }
  /** Somebody else keeps it in a file: read anew when a second has passed since the last time, and when it is refused. */
  | { kind: "token-file"; path: string }
  /** Got by logging in, renewed in time, and given back at the end. */
  | ({ kind: "kubernetes" } & KubernetesLogin);

/**
 * The token of a file, without white space around it.
 * @throws KeyServiceError `credentials` when it cannot be read or holds something else.
 */
export async function readTokenFile(path: string): Promise<string> {
  const text = await readFile(path, "utf8").catch((error: unknown) => {
    const code = error instanceof Error && "code" in error ? String(error.code) : "unknown cause";
    throw new KeyServiceError(
      "credentials",
      `the file ${path} with the token for Vault cannot be read (${code})`,
      "check that the file exists and may be read",
    );
  });
  return checkedToken(text.trim(), `the file ${path}`);
}

/** @throws KeyServiceError `credentials` when the text cannot be a token. */
export function checkedToken(text: string, where: string): string {
  if (isToken(text)) return text;
  throw new KeyServiceError(
    "credentials",
    `${where} holds no token for Vault: ${text === "" ? "it is empty" : "there are spaces, line breaks or odd characters in it"}`,
    "write the token there, and nothing else",
  );
}
