import type { Fault } from "./fault.ts";

const clientTest = "test/shared/aws/kms-client.test.ts";
const errorsTest = "test/shared/aws/kms-fault.test.ts";
const credentialsTest = "test/shared/aws/credentials.test.ts";
const exchangeTest = "test/shared/aws/web-exchange.test.ts";
const slotsTest = "test/shared/call-slots.test.ts";
const namesTest = "test/shared/aws/kms-key-name.test.ts";

/** Faults by which AWS KMS would be asked for something else, or its answers be taken for something else. */
export const awsFaults: readonly Fault[] = [
  {
    what: "KMS opens a data key under whatever key wrapped it",
    file: "shared/aws/kms-client.ts",
    find: "        KeyId: wrapped.key,\n",
    replace: "",
    test: clientTest,
  },
  {
    what: "a data key is opened for no context",
    file: "shared/aws/kms-client.ts",
    find: "CiphertextBlob: wrapped.blob,\n        EncryptionContext: { ...context },",
    replace: "CiphertextBlob: wrapped.blob,\n        EncryptionContext: {},",
    test: clientTest,
  },
  {
    what: "re-encryption loses the context",
    file: "shared/aws/kms-client.ts",
    find: "          DestinationEncryptionContext: { ...context },\n",
    replace: "",
    test: clientTest,
  },
  {
    what: "the SDK's copy of a data key stays in memory",
    file: "shared/aws/kms-client.ts",
    find: "  plaintext.fill(0);\n",
    replace: "",
    test: clientTest,
  },
  {
    what: "a data key shorter than asked for is taken",
    file: "shared/aws/kms-client.ts",
    find: "dataKey?.length !== DATA_KEY_BYTES || wrapped === null",
    replace: "dataKey === null || wrapped === null",
    test: errorsTest,
  },
  {
    what: "whatever KMS names as the key goes into values",
    file: "shared/aws/kms-client.ts",
    find: " || (kmsKeyName(key)?.region ?? null) === null",
    replace: "",
    test: errorsTest,
  },
  {
    what: "an abort is told as a fault of KMS",
    file: "shared/aws/kms-client.ts",
    find: "        if (signal.aborted) throw signal.reason;\n",
    replace: "",
    test: clientTest,
  },
  {
    what: "refused credentials stay in use for as long as they last",
    file: "shared/aws/kms-client.ts",
    find: "      regional.refuse(credentials);\n",
    replace: "",
    test: credentialsTest,
  },
  {
    what: "the environment's region is asked for the key of another",
    file: "shared/aws/regional-client.ts",
    find: "region === null ? config : { ...config, region }",
    replace: "region === null ? { ...config, region: '' } : config",
    test: clientTest,
  },
  {
    what: "the SDK writes warnings of its own",
    file: "shared/aws/regional-client.ts",
    find: "      logger: SILENT,\n",
    replace: "",
    test: credentialsTest,
  },
  {
    what: "a foreign context counts as a fault of KMS",
    file: "shared/aws/kms-fault.ts",
    find: '"InvalidCiphertextException", ',
    replace: "",
    test: errorsTest,
  },
  {
    what: "throttling counts as a wrong request, since its status is 400",
    file: "shared/aws/kms-fault.ts",
    find: '      "ThrottlingException",\n',
    replace: "",
    test: errorsTest,
  },
  {
    what: "KMS' own words are passed on",
    file: "shared/aws/kms-fault.ts",
    find: "return keyServiceError(ROWS.get(name) ?? unnamedRow(error, status), call, retryAfterMs);",
    replace:
      "return Object.assign(keyServiceError(ROWS.get(name) ?? unnamedRow(error, status), call, retryAfterMs), { cause: error });",
    test: errorsTest,
  },
  {
    what: "the wait that KMS asks for is forgotten",
    file: "shared/aws/kms-fault.ts",
    find: "seconds === null ? null : seconds * 1000",
    replace: "null",
    test: errorsTest,
  },
  {
    what: "the region of a key may be another host",
    file: "shared/aws/kms-key-name.ts",
    find: "([a-z]{2,8}(?:-[a-z]+)+-\\d{1,2})",
    replace: "([^:]+)",
    test: namesTest,
  },
  {
    what: "a second try falls out, so that one broken connection fails a call",
    file: "shared/aws/web-exchange.ts",
    find: "hung ? undefined : {}",
    replace: "undefined",
    test: clientTest,
  },
  {
    what: "a call that hung is made once more, and hangs as long again",
    file: "shared/aws/web-exchange.ts",
    find: "hung ? undefined : {}",
    replace: "{}",
    test: clientTest,
  },
  {
    what: "an answer is read for as long as it goes on",
    file: "shared/aws/web-exchange.ts",
    find: "    if (length > limitBytes) return null;\n",
    replace: "",
    test: exchangeTest,
  },
  {
    what: "the proxy of the environment is left out",
    file: "shared/aws/web-exchange.ts",
    find: "const proxy = environmentProxy(origin, env);",
    replace: "const proxy = environmentProxy(origin, {});",
    test: exchangeTest,
  },
  {
    what: "whoever leaves the queue takes a turn with him",
    file: "shared/call-slots.ts",
    find: "        this.#waiting.splice(this.#waiting.indexOf(waiting), 1);\n",
    replace: "",
    test: slotsTest,
  },
  {
    what: "calls that hang on one key take all there is",
    file: "shared/aws/kms-client.ts",
    find: "[64, 32, 8] as const",
    replace: "[64, 32, 32] as const",
    test: clientTest,
  },
  {
    what: "calls that hang in one region take all there is",
    file: "shared/aws/kms-client.ts",
    find: 'run([wanted ?? "", named.key]',
    replace: 'run(["", named.key]',
    test: clientTest,
  },
  {
    what: "a call that fails keeps its place",
    file: "shared/call-slots.ts",
    find: "    try {\n      return await call();\n    } finally {",
    replace: "    const made = await call();\n    try {\n      return made;\n    } finally {",
    test: slotsTest,
  },
  {
    what: "static keys beat the role of the Pod and nobody says so",
    file: "shared/aws/credentials-source.ts",
    find: '  if (used !== "environment") return null;',
    replace: '  if (used === "environment") return null;',
    test: credentialsTest,
  },
  {
    what: "STS' own words are passed on",
    file: "shared/aws/credentials-fault.ts",
    find: "cause}`, hint);",
    replace: "cause}`, hint, { cause: error });",
    test: credentialsTest,
  },
];
