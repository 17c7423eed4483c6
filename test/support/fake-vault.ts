import { createHash } from "node:crypto";
import type { IncomingMessage } from "node:http";
import { answerWith, type FaultPlan, type HttpFault, makeFaultPlan, type RightAnswer } from "./http-fault.ts";
import { listenOnLoopback } from "./loopback-listener.ts";

/** One request that came. */
export type FakeVaultCall = {
  /** GET, POST, … Node's server knows no LIST: it is answered 400 and not noted. Vault takes GET with list=true as well. */
  method: string;
  /** Path below /v1/ with its query, still encoded: "secret/data/shop?version=2". One that is not below /v1/ is whole. */
  path: string;
  /** A few digits of the token's hash, to tell tokens apart; null when none came. */
  token: string | null;
  /** X-Vault-Namespace; null without. */
  namespace: string | null;
  /** Whether X-Vault-Request was there. */
  vaultRequest: boolean;
  /** Status of the answer, or the kind of the fault. */
  outcome: number | string;
};

/** A request as an answer is made for it. */
export type FakeVaultQuestion = {
  method: string;
  path: string;
  /** Parsed; null without. */
  body: unknown;
  /** The token that came, which the fake does not keep. */
  token: string | null;
};

/** Gives the answer for a request; for null it is 404 with no errors, as Vault has it for what does not exist. */
export type FakeVaultAnswers = (question: FakeVaultQuestion) => RightAnswer | null;

/** A Vault of this process, for what a real one does not do on demand. It knows only the answers it is given. */
export type FakeVault = Pick<FaultPlan, "inject" | "heal"> & {
  /** Where it is: http://127.0.0.1:PORT, or https. */
  readonly address: string;
  /** PEM certificate of the authority to trust; null without TLS. */
  readonly ca: string | null;
  /** What it was asked so far. */
  readonly calls: readonly FakeVaultCall[];
  /** @returns how often it was asked for what this is part of: "POST transit/decrypt/app"; for anything by default. */
  count(part?: string): number;
  /** Changes what it answers from now on. */
  answer(answers: FakeVaultAnswers): void;
  /** Ends every connection there is. */
  cutConnections(): void;
  close(): Promise<void>;
};

/** What Vault says in the refusals below. It names something, as real texts may, and must not be passed on. */
export const vaultRefusalText = "1 error occurred:\n\t* canary-of-vault is told no\n\n";

/** An answer of Vault that refuses: 500, 503 without being sealed, 412, … */
export function vaultRefusal(status: number, headers: Readonly<Record<string, string>> = {}): HttpFault {
  return { kind: "answer", status, headers, body: { errors: [vaultRefusalText] } };
}

/** Over its quota. @param retryAfter value of Retry-After: seconds, or an HTTP date. */
export function vaultRateLimit(retryAfter: string): HttpFault {
  return vaultRefusal(429, { "retry-after": retryAfter });
}

/** Sealed. */
export const vaultSealed: HttpFault = { kind: "answer", status: 503, body: { errors: ["Vault is sealed"] } };

/** What a token is told that has run out, or may not. */
export const vaultDenied: HttpFault = {
  kind: "answer",
  status: 403,
  body: { errors: ["permission denied"] },
};

/** A page of a proxy that is in the way: an error, or a form to sign in with status 200. */
export function proxyPage(status: number): HttpFault {
  return { kind: "answer", status, body: "<html><body><h1>canary-of-proxy</h1></body></html>" };
}

/** Starts one; its faults go by "METHOD path": `inject(vaultDenied, { times: 1, of: "transit/decrypt" })`. */
export async function startFakeVault(
  options: { answers?: FakeVaultAnswers; tls?: boolean } = {},
): Promise<FakeVault> {
  let answers: FakeVaultAnswers = options.answers ?? (() => null);
  const calls: FakeVaultCall[] = [];
  const { inject, heal, next } = makeFaultPlan();
  const listener = await listenOnLoopback((request, response) => {
    const chunks: Buffer[] = [];
    request.on("data", (chunk: Buffer) => chunks.push(chunk));
    request.on("end", () => {
      const { method = "GET", url = "/" } = request;
      const path = url.replace(/^\/v1\//, "");
      const fault = next(`${method} ${path}`);
      const token = header(request, "x-vault-token");
      const call: FakeVaultCall = {
        method,
        path,
        token: token === null ? null : createHash("sha256").update(token).digest("hex").slice(0, 8),
        namespace: header(request, "x-vault-namespace"),
        vaultRequest: header(request, "x-vault-request") === "true",
        outcome:
          fault === null || fault.kind === "delay" ? 200 : "status" in fault ? fault.status : fault.kind,
      };
      calls.push(call);
      answerWith(response, "application/json", fault, () => {
        const text = Buffer.concat(chunks).toString("utf8");
        const body: unknown = text === "" ? null : JSON.parse(text);
        const answer = answers({ method, path, body, token }) ?? { status: 404, body: { errors: [] } };
        if (fault === null || fault.kind === "delay") call.outcome = answer.status;
        return answer;
      });
    });
  }, options.tls ?? false);
  return {
    address: listener.url,
    ca: listener.ca,
    calls,
    count: (part = "") => calls.filter(({ method, path }) => `${method} ${path}`.includes(part)).length,
    answer(changed) {
      answers = changed;
    },
    inject,
    heal,
    cutConnections: listener.cutConnections,
    close: listener.close,
  };
}

function header({ headers }: IncomingMessage, name: string): string | null {
  const value = headers[name];
  return typeof value === "string" ? value : null;
}
