import { KMSClient, type KMSClientConfig } from "@aws-sdk/client-kms";
import type { Deadline } from "../kube/deadline.ts";
import { KeyServiceError } from "../seal/key-service-error.ts";
import type { KmsCaller } from "../seal/kms-api.ts";
import { unlessAborted } from "../unless-aborted.ts";
import { assumedRole } from "./assumed-role.ts";
import { credentialsFault, credentialsTimedOut, profileCredentialsFault } from "./credentials-fault.ts";
import type { WebExchange } from "./web-exchange.ts";

/** Credentials as the SDK holds them. */
export type Credentials = Awaited<ReturnType<KMSClient["config"]["credentials"]>>;

/** Else the SDK warns on standard error, in words of its own. */
const SILENT = { debug() {}, info() {}, warn() {}, error() {} };

/** The SDK's client of one region, with its credentials. */
export class RegionalClient {
  readonly sdk: KMSClient;
  readonly #profile: string;
  #refused: Credentials | null = null;

  /**
   * @param region null for the one that the environment says.
   * @param version in the user agent.
   */
  constructor(region: string | null, version: string, exchange: WebExchange, { profile, role }: KmsCaller) {
    this.#profile = profile;
    const config: KMSClientConfig = {
      requestHandler: exchange,
      customUserAgent: [["signet", version]],
      ...(profile === "" ? {} : { profile }),
      // One more try, for a connection that broke or a fault of the moment. Whoever calls us waits longer than the SDK
      // would, and for all calls of a key together; more tries here would only add to what KMS has too much of.
      maxAttempts: 2,
      retryMode: "standard",
      logger: SILENT,
    };
    const located = region === null ? config : { ...config, region };
    this.sdk = new KMSClient(role === "" ? located : { ...located, credentials: assumedRole(role, located) });
  }

  /** @throws KeyServiceError when neither the key's name nor the environment says it. */
  async region(): Promise<string> {
    try {
      return await this.sdk.config.region();
    } catch {
      throw new KeyServiceError(
        "misused",
        "AWS KMS: neither the key's name nor the environment says the region",
        "name the key by its ARN, or set AWS_REGION",
      );
    }
  }

  /** Notes that KMS did not take these. */
  refuse(credentials: Credentials): void {
    this.#refused = credentials;
  }

  /**
   * The credentials at hand, got anew when KMS refused those. The SDK renews them before they run out.
   * @throws KeyServiceError when there are none; the signal's reason when it aborts.
   */
  async credentials(region: string, deadline: Deadline): Promise<Credentials> {
    const get = this.sdk.config.credentials;
    try {
      const credentials = await unlessAborted(get(), deadline.signal);
      if (this.#refused === null || !areSame(credentials, this.#refused)) return credentials;
      this.#refused = null;
      return await unlessAborted(get({ forceRefresh: true }), deadline.signal);
    } catch (error) {
      if (deadline.passed) throw credentialsTimedOut(region, deadline.limitMs);
      if (error instanceof KeyServiceError) throw error;
      if (deadline.signal.aborted) throw error;
      throw this.#profile === ""
        ? credentialsFault(error, region)
        : profileCredentialsFault(error, this.#profile, region);
    }
  }
}

/** Whether two are the same credentials, in which case another try with the second is in vain. */
export function areSame(one: Credentials, other: Credentials): boolean {
  return one.accessKeyId === other.accessKeyId && one.sessionToken === other.sessionToken;
}
