import {
  DecryptCommand,
  EncryptCommand,
  GenerateDataKeyCommand,
  type KMSClient,
  ReEncryptCommand,
} from "@aws-sdk/client-kms";
import type { Bytes } from "../bytes.ts";
import { CallSlots } from "../call-slots.ts";
import { Deadline } from "../kube/deadline.ts";
import { KeyServiceError } from "../seal/key-service-error.ts";
import type { KmsApi, KmsCaller, KmsContext, WrappedDataKey } from "../seal/kms-api.ts";
import { unlessAborted } from "../unless-aborted.ts";
import { profileFault } from "./credentials-fault.ts";
import { type CredentialsSource, passedOver, sourceOf } from "./credentials-source.ts";
import { callTimedOut, incompleteAnswer, isMismatch, type KmsCall, kmsFault } from "./kms-fault.ts";
import { kmsKeyName, regionOfKeys } from "./kms-key-name.ts";
import { areSame, RegionalClient } from "./regional-client.ts";
import { ExchangeError, type WebExchange, webExchange } from "./web-exchange.ts";

const DATA_KEY_BYTES = 32;
/** A second try for what broke, and credentials before it. */
const CALL_IN_REQUESTS = 3;
/** Names of regions come from documents: more than anybody uses are not kept. */
const MOST_REGIONS = 16;
/** A call may hang for ten seconds, and who writes documents may have many made: that holds up no other key, and no other region. */
const MOST_CALLS = [64, 32, 8] as const;
/** Stands for a region before it is known. */
const DEFAULT_REGION = "the default region";

/** How KMS is reached. Credentials, endpoint and default region are those of the environment, as the SDK reads it. */
export type KmsOptions = {
  /** Version in the user agent. */
  version: string;
  /** As whom; as whoever the environment says by default. A profile or role that a document names must be allowed by then. */
  caller?: KmsCaller;
  /** Told where credentials come from, at first and when it changes; never more than that. */
  onCredentials?: (source: CredentialsSource) => void;
  /** Told, with that, in our words what other credentials the environment sets up in vain. */
  onWarning?: (message: string) => void;
  /** Told of each host that is another machine and is asked without TLS, as an endpoint of the environment may say. */
  onPlainText?: (host: string) => void;
  /** 5,000 by default. */
  connectTimeoutMs?: number;
  /** For one request with its answer; 10,000 by default. One that hangs is not tried again. A call, with credentials, may take three times that. */
  requestTimeoutMs?: number;
  /** Calls under way at a time: in all, of one region, and with one key of it. 64, 32 and 8 by default. */
  mostCalls?: readonly [inAll: number, ofRegion: number, withKey: number];
  /** Where proxies are named; the process's own by default. */
  env?: Readonly<Record<string, string | undefined>>;
};

const NOBODY_ELSE: KmsCaller = { profile: "", role: "" };

/** Calls on AWS KMS, and their end. */
export type KmsConnection = KmsApi & {
  /** Ends what is under way, and all connections. */
  close(): void;
};

/** A client of AWS KMS. Connects with the first call; asks for no key that is not named in a call. */
export function connectKms(options: KmsOptions): KmsConnection {
  return new KmsClient(options);
}

class KmsClient implements KmsConnection {
  readonly #options: KmsOptions;
  readonly #env: Readonly<Record<string, string | undefined>>;
  readonly #callTimeoutMs: number;
  readonly #exchange: WebExchange;
  readonly #slots: CallSlots;
  readonly #closing = new AbortController();
  /** By region, the one used last at the end; by the empty text where the environment says the region. */
  readonly #regions = new Map<string, RegionalClient>();
  #source: CredentialsSource | null = null;

  constructor(options: KmsOptions) {
    const { connectTimeoutMs = 5000, requestTimeoutMs = 10_000, mostCalls = MOST_CALLS } = options;
    this.#options = options;
    this.#env = options.env ?? process.env;
    this.#callTimeoutMs = requestTimeoutMs * CALL_IN_REQUESTS;
    this.#slots = new CallSlots(...mostCalls);
    const onPlainText = (host: string) => options.onPlainText?.(host);
    this.#exchange = webExchange({ connectTimeoutMs, requestTimeoutMs, env: this.#env, onPlainText });
  }

  async generateDataKey(
    key: string,
    context: KmsContext,
    signal: AbortSignal,
  ): Promise<WrappedDataKey & { dataKey: Bytes }> {
    return this.#call(asCall("GenerateDataKey", key, context), signal, async (sdk, call, options) => {
      const command = new GenerateDataKeyCommand({
        KeyId: key,
        KeySpec: "AES_256",
        EncryptionContext: { ...context },
      });
      const answer = await sdk.send(command, options);
      const dataKey = taken(answer.Plaintext);
      const wrapped = wrappedIn(answer);
      if (dataKey?.length !== DATA_KEY_BYTES || wrapped === null) throw incompleteAnswer(call);
      return { ...wrapped, dataKey };
    });
  }

  async encrypt(
    key: string,
    plaintext: Uint8Array,
    context: KmsContext,
    signal: AbortSignal,
  ): Promise<WrappedDataKey> {
    return this.#call(asCall("Encrypt", key, context), signal, async (sdk, call, options) => {
      const command = new EncryptCommand({
        KeyId: key,
        Plaintext: plaintext,
        EncryptionContext: { ...context },
      });
      const wrapped = wrappedIn(await sdk.send(command, options));
      if (wrapped === null) throw incompleteAnswer(call);
      return wrapped;
    });
  }

  async decrypt(wrapped: WrappedDataKey, context: KmsContext, signal: AbortSignal): Promise<Bytes | null> {
    return this.#call(asCall("Decrypt", wrapped.key, context), signal, async (sdk, call, options) => {
      const command = new DecryptCommand({
        // Without it KMS would open what is wrapped under any key that we may use.
        KeyId: wrapped.key,
        CiphertextBlob: wrapped.blob,
        EncryptionContext: { ...context },
      });
      const answer = await sdk.send(command, options).catch(nullForMismatch);
      if (answer === null) return null;
      const dataKey = taken(answer.Plaintext);
      if (dataKey === null) throw incompleteAnswer(call);
      return dataKey;
    });
  }

  async reEncrypt(
    wrapped: WrappedDataKey,
    context: KmsContext,
    to: string,
    signal: AbortSignal,
  ): Promise<WrappedDataKey | null> {
    return this.#call(
      { ...asCall("ReEncrypt", wrapped.key, context), to },
      signal,
      async (sdk, call, options) => {
        const command = new ReEncryptCommand({
          SourceKeyId: wrapped.key,
          CiphertextBlob: wrapped.blob,
          SourceEncryptionContext: { ...context },
          DestinationKeyId: to,
          DestinationEncryptionContext: { ...context },
        });
        const answer = await sdk.send(command, options).catch(nullForMismatch);
        if (answer === null) return null;
        const wrappedAnew = wrappedIn(answer);
        if (wrappedAnew === null) throw incompleteAnswer(call);
        return wrappedAnew;
      },
    );
  }

  close(): void {
    this.#closing.abort(new Error("the client was closed"));
    this.#exchange.destroy();
  }

  /** Runs one call in its turn, with credentials at hand, and puts its failures into our words. */
  async #call<T>(
    named: Omit<KmsCall, "region">,
    signal: AbortSignal,
    send: (sdk: KMSClient, call: KmsCall, options: { abortSignal: AbortSignal }) => Promise<T>,
  ): Promise<T> {
    const wanted = regionOfKeys(named.key, named.to);
    const inTurn = async () => {
      using deadline = new Deadline(this.#callTimeoutMs, signal, this.#closing.signal);
      const regional = this.#regional(wanted);
      const call: KmsCall = { ...named, region: wanted ?? DEFAULT_REGION };
      try {
        call.region = await unlessAborted(regional.region(), deadline.signal);
        return await this.#withCredentials(regional, call, deadline, async () =>
          unlessAborted(send(regional.sdk, call, { abortSignal: deadline.signal }), deadline.signal),
        );
      } catch (error) {
        if (signal.aborted) throw signal.reason;
        if (error instanceof KeyServiceError) throw error;
        if (this.#closing.signal.aborted) throw kmsFault(new ExchangeError("this client was closed"), call);
        if (deadline.passed) throw callTimedOut(call, this.#callTimeoutMs);
        throw kmsFault(error, call);
      }
    };
    return this.#slots.run([wanted ?? "", named.key], inTurn, signal);
  }

  /** Tries with the credentials at hand; when KMS does not take those, once more if there are others. */
  async #withCredentials<T>(
    regional: RegionalClient,
    call: KmsCall,
    deadline: Deadline,
    attempt: () => Promise<T>,
  ): Promise<T> {
    const credentials = await regional.credentials(call.region, deadline);
    const source = sourceOf(credentials);
    const { profile, role } = this.#options.caller ?? NOBODY_ELSE;
    if (profile !== "" && role === "" && source !== "shared config") throw profileFault(profile, call.region);
    this.#tell(source);
    try {
      return await attempt();
    } catch (error) {
      if (deadline.signal.aborted || kmsFault(error, call).fault !== "credentials") throw error;
      regional.refuse(credentials);
      const fresh = await regional.credentials(call.region, deadline);
      if (areSame(fresh, credentials)) throw error;
      return attempt();
    }
  }

  #tell(source: CredentialsSource): void {
    if (source === this.#source) return;
    this.#source = source;
    this.#options.onCredentials?.(source);
    const warning = this.#options.caller === undefined ? passedOver(source, this.#env) : null;
    if (warning !== null) this.#options.onWarning?.(warning);
  }

  #regional(region: string | null): RegionalClient {
    const name = region ?? "";
    const { version, caller = NOBODY_ELSE } = this.#options;
    const regional = this.#regions.get(name) ?? new RegionalClient(region, version, this.#exchange, caller);
    this.#regions.delete(name);
    this.#regions.set(name, regional);
    const [oldest] = this.#regions.keys();
    // Nothing to close: connections are all those of one exchange.
    if (this.#regions.size > MOST_REGIONS && oldest !== undefined) this.#regions.delete(oldest);
    return regional;
  }
}

function asCall(operation: KmsCall["operation"], key: string, context: KmsContext): Omit<KmsCall, "region"> {
  return { operation, key, contextKeys: Object.keys(context).toSorted() };
}

/** @throws the error, if it tells of anything else. */
function nullForMismatch(error: unknown): null {
  if (isMismatch(error)) return null;
  throw error;
}

/** What an answer says is wrapped; null when a part is missing, or the key is none by its form: it is written into values. */
function wrappedIn(answer: {
  KeyId?: string | undefined;
  CiphertextBlob?: Uint8Array | undefined;
}): WrappedDataKey | null {
  const { KeyId: key = "", CiphertextBlob: blob = new Uint8Array() } = answer;
  if (blob.length === 0 || (kmsKeyName(key)?.region ?? null) === null) return null;
  return { key, blob: Uint8Array.from(blob) };
}

/** A copy of a plaintext that the SDK read; its own is wiped. Null for none. */
function taken(plaintext: Uint8Array | undefined): Bytes | null {
  if (plaintext === undefined) return null;
  const copy = Uint8Array.from(plaintext);
  plaintext.fill(0);
  return copy;
}
