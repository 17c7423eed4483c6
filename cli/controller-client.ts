import type { RawAnswer } from "../shared/kube/client.ts";
import { connect, controllerOf, requestTimeoutMs } from "./cluster.ts";
import { ControllerError } from "./controller/controller-error.ts";
import { judgeCertificate } from "./controller/judge-certificate.ts";
import { askPatiently } from "./controller/patient-way.ts";
import { type FoundService, findService } from "./controller/service.ts";
import { serviceProxy } from "./controller/service-proxy.ts";
import { ClosedWay, type Question, type Way } from "./controller/way.ts";
import type { FoundCertificate } from "./found-certificate.ts";
import type { Io } from "./io.ts";
import type { Notices } from "./notices.ts";
import type { KubesealOptions } from "./options.ts";

/** The controller of one cluster, as the flags name it. Finds its way with the first question and keeps it. */
export type ControllerClient = {
  /**
   * The certificate, compared with the one this user saw last from there, and shown.
   * @throws CertificateError when what answered is no certificate, or not the one that is trusted.
   * @throws ControllerError when no way leads to it.
   * @throws KubeUnreachableError when the cluster does not answer.
   */
  certificate(): Promise<FoundCertificate>;
  /**
   * Asks whether every value of a SealedSecret opens there.
   * @param sealedSecret the object, sent as JSON.
   * @throws ControllerError when it cannot be asked or answers neither yes nor no.
   */
  verify(sealedSecret: object): Promise<"opens" | "refused">;
  /**
   * Has a SealedSecret sealed anew under the newest key.
   * @param sealedSecret the object, sent as JSON.
   * @returns what it answered, parsed and otherwise unjudged: take ciphertexts of items that were sent, nothing else.
   * @throws ControllerError when it cannot be asked, or does not seal it anew.
   */
  rotate(sealedSecret: object): Promise<unknown>;
  /** Closes all connections. */
  close(): Promise<void>;
};

const MAX_CERTIFICATE_BYTES = 1 << 20;
const CHECK_NAME =
  "check that --controller-name and --controller-namespace name the sealed secrets controller";

/**
 * Reads the kubeconfig; connects with the first question.
 * @throws KubeConfigError when there is no usable configuration.
 * @throws UsageError for a wrong `--request-timeout`.
 */
export async function openController(
  options: KubesealOptions,
  io: Io,
  notices: Notices,
): Promise<ControllerClient> {
  const timeoutMs = requestTimeoutMs(options["request-timeout"]);
  const client = await connect(options, io);
  let service: FoundService | null = null;
  let way: Way | null = null;

  const ask = async (doing: string, question: Omit<Question, "timeoutMs">): Promise<RawAnswer> => {
    service ??= await findService(client, controllerOf(options), timeoutMs);
    way ??= serviceProxy(client, service, service.portName);
    try {
      return await askPatiently(way, { ...question, timeoutMs });
    } catch (error) {
      if (!(error instanceof ClosedWay)) throw error;
      throw new ControllerError(
        `cannot ${doing}: ${way.name} ${error.why}`,
        doing === "fetch certificate"
          ? `${error.remedy}, or give --cert FILE with a certificate fetched elsewhere`
          : error.remedy,
      );
    }
  };
  const post = (doing: string, path: string, sealedSecret: object) =>
    ask(doing, { method: "POST", path, accept: "application/json, */*", body: JSON.stringify(sealedSecret) });

  return {
    async certificate() {
      const doing = "fetch certificate";
      const question = {
        method: "GET",
        path: "/v1/cert.pem",
        accept: "application/x-pem-file, */*",
      } as const;
      const { status, body } = await ask(doing, question);
      if (status !== 200) throw unforeseen(doing, status);
      if (body.length > MAX_CERTIFICATE_BYTES) {
        throw new ControllerError(`cannot ${doing}: the answer is too long to be one`, CHECK_NAME);
      }
      const { namespace, name } = service ?? controllerOf(options);
      const found: FoundCertificate = {
        bytes: body,
        source: `Service ${namespace}/${name}`,
        controller: { server: client.server, namespace, name },
      };
      judgeCertificate(found, io, notices);
      return found;
    },
    async verify(sealedSecret) {
      const doing = "validate sealed secret";
      const { status, body } = await post(doing, "/v1/verify", sealedSecret);
      if (status === 409) return "refused";
      // A login page or another program's answer has a body.
      if (status === 200 && body.length === 0) return "opens";
      if (status === 500) {
        throw new ControllerError(
          `cannot ${doing}: the controller could not read it as a SealedSecret`,
          "check that the document is a SealedSecret; the controller's log says more",
        );
      }
      throw unforeseen(doing, status);
    },
    async rotate(sealedSecret) {
      const doing = "re-encrypt secret";
      const { status, body } = await post(doing, "/v1/rotate", sealedSecret);
      if (status === 409 || status === 500) {
        throw new ControllerError(
          `cannot ${doing}: the controller could not re-seal it`,
          "it may not open there: it may be sealed for another cluster, name or namespace, or its key may be gone; signet --validate tells",
        );
      }
      const answer = status === 200 ? parseObject(body) : null;
      if (answer === null) throw unforeseen(doing, status);
      return answer;
    },
    close: async () => {
      await way?.close();
      await client.close();
    },
  };
}

function unforeseen(doing: string, status: number): ControllerError {
  if (status === 429) {
    return new ControllerError(
      `cannot ${doing}: the controller is busy (429) and stayed so`,
      "try again later, or raise the controller's --rate-limit",
    );
  }
  if (status === 404) {
    return new ControllerError(
      `cannot ${doing}: nothing answers there (404)`,
      `the endpoint may be turned off; ${CHECK_NAME}`,
    );
  }
  if (status === 500) {
    return new ControllerError(
      `cannot ${doing}: the controller answered 500`,
      "the controller's log says why; it may have no sealing key yet",
    );
  }
  return new ControllerError(
    `cannot ${doing}: what answers there (${status}) is not a sealed secrets controller`,
    CHECK_NAME,
  );
}

function parseObject(body: Uint8Array): object | null {
  try {
    const parsed: unknown = JSON.parse(new TextDecoder().decode(body));
    return typeof parsed === "object" && parsed !== null && !Array.isArray(parsed) ? parsed : null;
  } catch {
    return null;
  }
}
