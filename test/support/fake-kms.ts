import { randomBytes, randomUUID } from "node:crypto";
import { isRecord } from "./control-plane/kube-object.ts";
import { type Context, type KmsKey, type KmsKeyState, KmsKeys, KmsRefusal } from "./fake-kms-keys.ts";
import { answerWith, type FaultPlan, type HttpFault, makeFaultPlan, type RightAnswer } from "./http-fault.ts";
import { awsEnvironment } from "./kms-request.ts";
import { listenOnLoopback } from "./loopback-listener.ts";

/** One request that came. */
export type KmsCall = {
  /** GenerateDataKey, Encrypt, Decrypt, ReEncrypt, DescribeKey, … */
  operation: string;
  /** The key it names, as it names it; null when it names none. */
  keyId: string | null;
  context: Context;
  /** "ok", KMS' name of the refusal, or the kind of the fault. */
  outcome: string;
};

/** A KMS of this process, for what moto does not do: keys in other states, and faults. */
export type FakeKms = Pick<FaultPlan, "inject" | "heal"> & {
  /** Where it is: http://127.0.0.1:PORT. */
  readonly url: string;
  /** What a client needs in its environment to find it. */
  readonly environment: Readonly<Record<string, string>>;
  /** What it was asked so far. */
  readonly calls: readonly KmsCall[];
  /** @returns how often an operation was asked for, whatever came of it; any operation by default. */
  count(operation?: string): number;
  /** @returns ARN of a new key that encrypts. */
  createKey(): string;
  /** @returns ARN of the alias, such as "alias/app", which from now on leads to the key. */
  setAlias(name: string, keyArn: string): string;
  setState(keyArn: string, state: KmsKeyState): void;
  /** Ends every connection there is. */
  cutConnections(): void;
  close(): Promise<void>;
};

const contentType = "application/x-amz-json-1.1";

/** What KMS says in every refusal. It names somebody, as real texts may, and must not be passed on. */
export const kmsRefusalText = "User: arn:aws:iam::123456789012:user/canary-of-kms is told no";

/** An answer of KMS that refuses, such as `kmsRefusal("ThrottlingException")`, or `("KMSInternalException", 500)`. */
export function kmsRefusal(type: string, status = 400): HttpFault {
  return { kind: "answer", status, body: { __type: type, message: kmsRefusalText } };
}

/** Starts one; its faults go by operation and key as the request names it, `Decrypt arn:…`: `inject(kmsRefusal("ThrottlingException"), { times: 2, of: "Decrypt" })`. */
export async function startFakeKms(): Promise<FakeKms> {
  const keys = new KmsKeys();
  const calls: KmsCall[] = [];
  const { inject, heal, next } = makeFaultPlan();
  const listener = await listenOnLoopback((request, response) => {
    const chunks: Buffer[] = [];
    request.on("data", (chunk: Buffer) => chunks.push(chunk));
    request.on("end", () => {
      const operation = String(request.headers["x-amz-target"]).replace(/^TrentService\./, "");
      const input: unknown = JSON.parse(Buffer.concat(chunks).toString("utf8"));
      const call = callOf(operation, isRecord(input) ? input : {});
      const fault = next(`${operation} ${call.keyId ?? ""}`);
      if (fault !== null) call.outcome = nameOf(fault);
      calls.push(call);
      answerWith(response, contentType, fault, () => {
        const answer = carryOut(keys, operation, isRecord(input) ? input : {});
        if (fault === null && "type" in answer) call.outcome = answer.type;
        return { ...answer, headers: { "x-amzn-requestid": randomUUID() } };
      });
    });
  }, false);
  return {
    url: listener.url,
    environment: awsEnvironment(listener.url),
    calls,
    count: (operation) =>
      calls.filter((call) => operation === undefined || call.operation === operation).length,
    inject,
    heal,
    createKey: () => keys.create().arn,
    setAlias: (name, keyArn) => keys.setAlias(name, keys.find(keyArn)),
    setState(keyArn, state) {
      keys.find(keyArn).state = state;
    },
    cutConnections: listener.cutConnections,
    close: listener.close,
  };
}

function nameOf(fault: HttpFault): string {
  if (fault.kind !== "answer") return fault.kind;
  return isRecord(fault.body) ? String(fault.body["__type"]) : `${fault.status}`;
}

type Input = Readonly<Record<string, unknown>>;

function callOf(operation: string, input: Input): KmsCall {
  const keyId = input["KeyId"] ?? input["SourceKeyId"];
  const context = contextOf(input["EncryptionContext"] ?? input["SourceEncryptionContext"]);
  return { operation, keyId: typeof keyId === "string" ? keyId : null, context, outcome: "ok" };
}

function carryOut(
  keys: KmsKeys,
  operation: string,
  input: Input,
): RightAnswer | (RightAnswer & { type: string }) {
  try {
    const operate = operations[operation];
    if (operate === undefined) throw new KmsRefusal("UnknownOperationException");
    return { status: 200, body: operate(keys, input) };
  } catch (error) {
    if (!(error instanceof KmsRefusal)) throw error;
    const { status, type } = error;
    return { status, type, body: { __type: type, message: kmsRefusalText } };
  }
}

// Fields and limits: https://docs.aws.amazon.com/kms/latest/APIReference/
const operations: Readonly<Record<string, (keys: KmsKeys, input: Input) => object>> = {
  GenerateDataKey(keys, input) {
    const key = keys.find(text(input, "KeyId"));
    if (input["KeySpec"] !== "AES_256") throw new KmsRefusal("ValidationException");
    const plaintext = randomBytes(32);
    return { ...encrypted(keys, key, plaintext, input["EncryptionContext"]), Plaintext: base64(plaintext) };
  },
  Encrypt(keys, input) {
    const plaintext = bytes(input, "Plaintext", 4096);
    return {
      ...encrypted(keys, keys.find(text(input, "KeyId")), plaintext, input["EncryptionContext"]),
      EncryptionAlgorithm: "SYMMETRIC_DEFAULT",
    };
  },
  Decrypt(keys, input) {
    const expected = input["KeyId"] === undefined ? null : keys.find(text(input, "KeyId"));
    const blob = bytes(input, "CiphertextBlob", 6144);
    const { key, plaintext } = keys.decrypt(blob, contextOf(input["EncryptionContext"]), expected);
    return { KeyId: key.arn, Plaintext: base64(plaintext), EncryptionAlgorithm: "SYMMETRIC_DEFAULT" };
  },
  ReEncrypt(keys, input) {
    const expected = input["SourceKeyId"] === undefined ? null : keys.find(text(input, "SourceKeyId"));
    const destination = keys.find(text(input, "DestinationKeyId"));
    const blob = bytes(input, "CiphertextBlob", 6144);
    const { key, plaintext } = keys.decrypt(blob, contextOf(input["SourceEncryptionContext"]), expected);
    return {
      ...encrypted(keys, destination, plaintext, input["DestinationEncryptionContext"]),
      SourceKeyId: key.arn,
    };
  },
  DescribeKey(keys, input) {
    const { id, arn, state } = keys.find(text(input, "KeyId"));
    return {
      KeyMetadata: {
        KeyId: id,
        Arn: arn,
        KeyState: state,
        Enabled: state === "Enabled",
        KeyUsage: "ENCRYPT_DECRYPT",
        KeySpec: "SYMMETRIC_DEFAULT",
        MultiRegion: false,
      },
    };
  },
};

function encrypted(keys: KmsKeys, key: KmsKey, plaintext: Buffer, context: unknown): object {
  return { KeyId: key.arn, CiphertextBlob: base64(keys.encrypt(key, plaintext, contextOf(context))) };
}

function text(input: Input, field: string): string {
  const value = input[field];
  if (typeof value !== "string" || value === "") throw new KmsRefusal("ValidationException");
  return value;
}

function bytes(input: Input, field: string, most: number): Buffer {
  const value = Buffer.from(text(input, field), "base64");
  if (value.length === 0 || value.length > most) throw new KmsRefusal("ValidationException");
  return value;
}

function contextOf(value: unknown): Context {
  if (!isRecord(value)) return {};
  return Object.fromEntries(Object.entries(value).map(([name, pair]) => [name, String(pair)]));
}

function base64(value: Buffer): string {
  return value.toString("base64");
}
