import { request } from "node:http";

/** One answer of KMS. */
export type KmsAnswer = { status: number; body: Record<string, unknown> };

/** Region and account of the stand-ins for AWS. */
export const kmsRegion = "eu-central-1";
export const kmsAccount = "123456789012";

/** @returns the environment by which a client of AWS finds a stand-in at `url` for the service of that name (KMS, STS); its credentials are no secret. */
export function awsEnvironment(url: string, services: readonly string[] = ["KMS"]): Record<string, string> {
  return {
    AWS_ACCESS_KEY_ID: "AKIATEST",
    AWS_SECRET_ACCESS_KEY: "test",
    AWS_REGION: kmsRegion,
    // Nothing of the user's own shall count.
    AWS_CONFIG_FILE: "/dev/null",
    AWS_SHARED_CREDENTIALS_FILE: "/dev/null",
    AWS_EC2_METADATA_DISABLED: "true",
    ...Object.fromEntries(services.map((service) => [`AWS_ENDPOINT_URL_${service}`, url])),
  };
}

/**
 * Sends one request to a stand-in for KMS, whatever the status of the answer; deliberately apart from the client under test.
 * Nothing is signed: the stand-ins do not look.
 */
export function askKms(url: string, operation: string, input: object): Promise<KmsAnswer> {
  const payload = JSON.stringify(input);
  const scope = `AKIATEST/20260101/${kmsRegion}/kms/aws4_request`;
  return new Promise((resolve, reject) => {
    const sent = request(url, {
      method: "POST",
      timeout: 30_000,
      headers: {
        "content-type": "application/x-amz-json-1.1",
        "content-length": Buffer.byteLength(payload),
        "x-amz-target": `TrentService.${operation}`,
        // moto learns service and region from it.
        authorization: `AWS4-HMAC-SHA256 Credential=${scope}, SignedHeaders=host, Signature=0`,
      },
    });
    sent.on("timeout", () => sent.destroy(new Error(`${operation}: no answer in 30 s`)));
    sent.on("error", reject);
    sent.on("response", (response) => {
      const chunks: Buffer[] = [];
      response.on("data", (chunk: Buffer) => chunks.push(chunk));
      response.on("error", reject);
      response.on("end", () => {
        const text = Buffer.concat(chunks).toString("utf8");
        resolve({ status: response.statusCode ?? 0, body: text === "" ? {} : JSON.parse(text) });
      });
    });
    sent.end(payload);
  });
}
