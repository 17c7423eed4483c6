import {
  DecryptCommand,
  GenerateDataKeyCommand,
  KMSClient,
  type KMSClientConfig,
  ReEncryptCommand,
} from "@aws-sdk/client-kms";
import type { Bytes } from "../bytes.ts";
import { Deadline } from "../kube/deadline.ts";
import { KeyServiceError } from "../seal/key-service-error.ts";
import type { KmsApi, KmsContext, WrappedDataKey } from "../seal/kms-api.ts";
import { CallSlots } from "./call-slots.ts";
import { credentialsFault, credentialsTimedOut } from "./credentials-fault.ts";
import { type CredentialsSource, passedOver, sourceOf } from "./credentials-source.ts";
import { callTimedOut, incompleteAnswer, isMismatch, type KmsCall, kmsFault } from "./kms-fault.ts";
import { kmsKeyName } from "./kms-key-name.ts";
import { ExchangeError, type WebExchange, webExchange } from "./web-exchange.ts";

const DATA_KEY_BYTES = 32;
/** Two tries, and credentials before them. */
const CALL_IN_REQUESTS = 3;
/** Names of regions come from documents: more than anybody uses are not kept. */
const MOST_REGIONS = 16;
/** Stands for a region before it is known. */
const DEFAULT_REGION = "the default region";

/** How KMS is reached. Credentials, endpoint and default region are those of the environment, as the SDK reads it. */
export type KmsOptions = {
  /** Version in the user agent. */
  version: string;
  /** Told where credentials come from, at first and when it changes; never more than that. */
  onCredentials?: (source: CredentialsSource) => void;
  /** Told, with that, in our words what other credentials the environment sets up in vain. */
  onWarning?: (message: string) => void;
  /** 5,000 by default. */
  connectTimeoutMs?: number;
  /** For one request with its answer; 10,000 by default. A call, with its second try and credentials, may take three times that. */
  requestTimeoutMs?: number;
  /** Calls under way at a time; 16 by default. */
  maxInFlight?: number;
  /** Where proxies are named; the process's own by default. */
  env?: Readonly<Record<string, string | undefined>>;
};

/** Calls on AWS KMS, and their end. */
export type KmsConnection = KmsApi & {
  /** Ends what is under way, and all connections. */
  close(): void;
};

/** A client of AWS KMS. Connects with the first call; asks for no key that is not named in a call. */
export function connectKms(options: KmsOptions): KmsConnection {
  return new KmsClient(options);
}

type Credentials = Awaited<ReturnType<KMSClient["config"]["credentials"]>>;

/** The SDK's client of one region. */
type Regional = {
  sdk: KMSClient;
  /** Credentials that KMS refused. */
  refused: Credentials | null;
};

class KmsClient implements KmsConnection {
  readonly #options: KmsOptions;
  readonly #env: Readonly<Record<string, string | undefined>>;
  readonly #callTimeoutMs: number;
  readonly #exchange: WebExchange;
  readonly #slots: CallSlots;
  readonly #closing = new AbortController();
  /** By region, the one used last at the end; by the empty text where the environment says the region. */
  readonly #regions = new Map<string, Regional>();
  #source: CredentialsSource | null = null;

  constructor(options: KmsOptions) {
    const { connectTimeoutMs = 5000, requestTimeoutMs = 10_000, maxInFlight = 16 } = options;
    this.#options = options;
    this.#env = options.env ?? process.env;
    this.#callTimeoutMs = requestTimeoutMs * CALL_IN_REQUESTS;
    this.#slots = new CallSlots(maxInFlight);
    this.#exchange = webExchange({ connectTimeoutMs, requestTimeoutMs, env: this.#env });
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
      const { Plaintext, CiphertextBlob, KeyId } = await sdk.send(command, options);
      const dataKey = taken(Plaintext);
      if (dataKey?.length !== DATA_KEY_BYTES || CiphertextBlob === undefined || KeyId === undefined)
        throw incompleteAnswer(call);
      return { dataKey, blob: Uint8Array.from(CiphertextBlob), key: KeyId };
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
        const { CiphertextBlob, KeyId } = answer;
        if (CiphertextBlob === undefined || KeyId === undefined) throw incompleteAnswer(call);
        return { key: KeyId, blob: Uint8Array.from(CiphertextBlob) };
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
    const wanted = regionOf(named);
    return this.#slots.run(async () => {
      using deadline = new Deadline(this.#callTimeoutMs, signal, this.#closing.signal);
      const regional = this.#regional(wanted);
      const call: KmsCall = { ...named, region: wanted ?? DEFAULT_REGION };
      try {
        call.region = await until(regionIn(regional.sdk), deadline.signal);
        return await this.#withCredentials(regional, call, deadline, async () =>
          until(send(regional.sdk, call, { abortSignal: deadline.signal }), deadline.signal),
        );
      } catch (error) {
        if (signal.aborted) throw signal.reason;
        if (error instanceof KeyServiceError) throw error;
        if (this.#closing.signal.aborted) throw kmsFault(new ExchangeError("this client was closed"), call);
        if (deadline.passed) throw callTimedOut(call, this.#callTimeoutMs);
        throw kmsFault(error, call);
      }
    }, signal);
  }

  /** Tries with the credentials at hand; when KMS does not take those, once more if there are others. */
  async #withCredentials<T>(
    regional: Regional,
    call: KmsCall,
    deadline: Deadline,
    attempt: () => Promise<T>,
  ): Promise<T> {
    const credentials = await this.#credentials(regional, call.region, deadline);
    try {
      return await attempt();
    } catch (error) {
      if (deadline.signal.aborted || kmsFault(error, call).fault !== "credentials") throw error;
      regional.refused = credentials;
      const fresh = await this.#credentials(regional, call.region, deadline);
      if (isSame(fresh, credentials)) throw error;
      return attempt();
    }
  }

  /** Credentials of that region's client, got anew when KMS refused the last ones. The SDK renews them as they run out. */
  async #credentials(regional: Regional, region: string, deadline: Deadline): Promise<Credentials> {
    const { sdk } = regional;
    let credentials: Credentials;
    try {
      credentials = await until(sdk.config.credentials(), deadline.signal);
      if (regional.refused !== null && isSame(credentials, regional.refused)) {
        regional.refused = null;
        credentials = await until(sdk.config.credentials({ forceRefresh: true }), deadline.signal);
      }
    } catch (error) {
      if (deadline.passed) throw credentialsTimedOut(region, this.#callTimeoutMs);
      throw deadline.signal.aborted ? error : credentialsFault(error, region);
    }
    this.#tell(sourceOf(credentials));
    return credentials;
  }

  #tell(source: CredentialsSource): void {
    if (source === this.#source) return;
    this.#source = source;
    this.#options.onCredentials?.(source);
    const warning = passedOver(source, this.#env);
    if (warning !== null) this.#options.onWarning?.(warning);
  }

  #regional(region: string | null): Regional {
    const known = this.#regions.get(region ?? "");
    const regional = known ?? { sdk: this.#connect(region), refused: null };
    this.#regions.delete(region ?? "");
    this.#regions.set(region ?? "", regional);
    const [oldest] = this.#regions.keys();
    // Nothing to close: connections are all those of one exchange.
    if (this.#regions.size > MOST_REGIONS && oldest !== undefined) this.#regions.delete(oldest);
    return regional;
  }

  #connect(region: string | null): KMSClient {
    const config: KMSClientConfig = {
      requestHandler: this.#exchange,
      customUserAgent: [["signet", this.#options.version]],
      // One more try, for a connection that broke or an answer that was only just refused. Whoever calls waits longer
      // than the SDK would, and for all calls of a key together.
      maxAttempts: 2,
      retryMode: "standard",
      logger: SILENT,
    };
    return new KMSClient(region === null ? config : { ...config, region });
  }
}

/** Else the SDK warns on standard error, in words of its own. */
const SILENT = { debug() {}, info() {}, warn() {}, error() {} };

function asCall(operation: KmsCall["operation"], key: string, context: KmsContext): Omit<KmsCall, "region"> {
  return { operation, key, contextKeys: Object.keys(context).toSorted() };
}

/**
 * The region that a call's keys tell; null where none does.
 * @throws KeyServiceError when a name is none of a KMS key, or the keys lie in two regions.
 */
function regionOf({ key, to }: Omit<KmsCall, "region">): string | null {
  const names = [key, ...(to === undefined ? [] : [to])].map(kmsKeyName);
  const regions = new Set<string>();
  for (const name of names) {
    // Not repeated, since it may be anything.
    if (name === null)
      throw new KeyServiceError(
        "misused",
        "AWS KMS: what is given as a key is none by its form",
        "name a key by its ARN, or by key id or alias/NAME in the default region",
      );
    if (name.region !== null) regions.add(name.region);
  }
  if (regions.size > 1)
    throw new KeyServiceError(
      "misused",
      `AWS KMS: ${key} and ${to} lie in two regions`,
      "KMS wraps anew within a region only: open the value and seal it under the other key",
    );
  const [region = null] = regions;
  return region;
}

async function regionIn(sdk: KMSClient): Promise<string> {
  try {
    return await sdk.config.region();
  } catch {
    throw new KeyServiceError(
      "misused",
      "AWS KMS: neither the key's name nor the environment says the region",
      "name the key by its ARN, or set AWS_REGION",
    );
  }
}

/** @throws the error, if it tells of anything else. */
function nullForMismatch(error: unknown): null {
  if (isMismatch(error)) return null;
  throw error;
}

function isSame(one: Credentials, other: Credentials): boolean {
  return one.accessKeyId === other.accessKeyId && one.sessionToken === other.sessionToken;
}

/** A copy of a plaintext that the SDK read; its own is wiped. Null for none. */
function taken(plaintext: Uint8Array | undefined): Bytes | null {
  if (plaintext === undefined) return null;
  const copy = Uint8Array.from(plaintext);
  plaintext.fill(0);
  return copy;
}

/** What comes of some work, unless the signal aborts before: not everything the SDK does can be stopped. */
function until<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const leave = () => reject(signal.reason);
    if (signal.aborted) leave();
    else signal.addEventListener("abort", leave, { once: true });
    work.then(resolve, reject).finally(() => signal.removeEventListener("abort", leave));
  });
}
