import { hostname } from "node:os";
import type { KMSClientConfig } from "@aws-sdk/client-kms";
import { KeyServiceError } from "../seal/key-service-error.ts";
import { profileCredentialsFault, profileFault, roleFault } from "./credentials-fault.ts";
import { sourceOf } from "./credentials-source.ts";

/** What the SDK takes for credentials, and asks again when they are about to end. */
export type CredentialsProvider = () => Promise<{
  accessKeyId: string;
  secretAccessKey: string;
  sessionToken?: string;
  expiration?: Date;
}>;

/** The mark by which the SDK says where credentials are from. */
const MARK = { CREDENTIALS_STS_ASSUME_ROLE: "i" } as const;

/**
 * Credentials of a role that is taken on with those at hand (sts:AssumeRole), for an hour each time. The session has our
 * name and the machine's, as it has sops' own in the same place.
 * @param role its ARN; whoever calls has looked whether it is allowed.
 * @param config region, profile and exchange are those of the calls on KMS.
 */
export function assumedRole(role: string, config: KMSClientConfig): CredentialsProvider {
  const { requestHandler, customUserAgent, logger, region, profile } = config;
  const where = typeof region === "string" ? region : "the default region";
  return async () => {
    const { AssumeRoleCommand, STSClient } = await import("@aws-sdk/client-sts");
    const sts = new STSClient({
      maxAttempts: 2,
      retryMode: "standard",
      ...(requestHandler === undefined ? {} : { requestHandler }),
      ...(customUserAgent === undefined ? {} : { customUserAgent }),
      ...(logger === undefined ? {} : { logger }),
      ...(region === undefined ? {} : { region }),
      ...(profile === undefined ? {} : { profile }),
    });
    try {
      const own = await sts.config.credentials().catch((error: unknown) => {
        throw profile === undefined ? error : profileCredentialsFault(error, profile, where);
      });
      if (profile !== undefined && sourceOf(own) !== "shared config") throw profileFault(profile, where);
      const command = new AssumeRoleCommand({ RoleArn: role, RoleSessionName: sessionName() });
      const { Credentials: got } = await sts.send(command);
      if (!got?.AccessKeyId || !got.SecretAccessKey || !got.SessionToken) throw roleFault(null, role, where);
      return {
        accessKeyId: got.AccessKeyId,
        secretAccessKey: got.SecretAccessKey,
        sessionToken: got.SessionToken,
        ...(got.Expiration === undefined ? {} : { expiration: got.Expiration }),
        $source: MARK,
      };
    } catch (error) {
      throw error instanceof KeyServiceError ? error : roleFault(error, role, where);
    }
  };
}

/** In the letters, and of the length, that STS takes. */
function sessionName(): string {
  return `signet@${hostname().replaceAll(/[^\w+=,.@-]/g, "-")}`.slice(0, 64);
}
