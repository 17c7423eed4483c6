import type { RawAnswer } from "../shared/kube/client.ts";
import { CertificateError } from "../shared/seal/certificate.node.ts";
import type { Vouchers } from "../shared/seal/certificate-chain.node.ts";
import { connect, controllerOf, requestTimeoutMs } from "./cluster.ts";
import { ControllerError } from "./controller/controller-error.ts";
import { judgeCertificate, type Pin } from "./controller/judge-certificate.ts";
import {
  CERTIFICATE_CONFIG_MAP,
  publishedCertificate,
  publishedVouchers,
} from "./controller/published-certificate.ts";
import { ClosedWay } from "./controller/way.ts";
import { type NotReached, WaySearch } from "./controller/way-search.ts";
import type { FoundCertificate } from "./found-certificate.ts";
import type { Io } from "./io.ts";
import type { Notices } from "./notices.ts";
import type { ClusterOptions } from "./options.ts";

/** The controller of one cluster, as the flags name it. Finds its way with the first question and keeps it. */
export type ControllerClient = {
  /**
   * The certificate, compared with the one this user saw last from there, and shown. Asked for once.
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
   * @throws CertificateError when its certificate is not to be trusted.
   */
  rotate(sealedSecret: object): Promise<unknown>;
  /** What it publishes to vouch for its certificate; null where there is nothing, or it may not be read. */
  vouchers(): Promise<Vouchers | null>;
  /** Closes all connections. */
  close(): Promise<void>;
};

const CERTIFICATE = "fetch certificate";
const MAX_CERTIFICATE_BYTES = 1 << 20;
const CHECK_NAME =
  "check that --controller-name and --controller-namespace name the sealed secrets controller";

/** The API server may wait far longer for a Pod that it cannot reach, and the certificate is there at once. */
const CERTIFICATE_TIMEOUT_MS = 10_000;

/**
 * Reads the kubeconfig; connects with the first question.
 * @param pin what its certificate has to be, or to follow from.
 * @throws KubeConfigError when there is no usable configuration.
 * @throws UsageError for a wrong `--request-timeout`.
 */
export async function openController(
  options: ClusterOptions,
  io: Io,
  notices: Notices,
  pin: Pin | null = null,
): Promise<ControllerClient> {
  const timeoutMs = requestTimeoutMs(options["request-timeout"]);
  const client = await connect(options, io);
  const looked = controllerOf(options);
  const search = new WaySearch(
    client,
    { ...looked, nameGiven: options["controller-name"] !== null, timeoutMs },
    notices,
  );

  const post = async (
    doing: string,
    path: string,
    sealedSecret: object,
  ): Promise<RawAnswer & { fallback: boolean }> => {
    const body = JSON.stringify(sealedSecret);
    const question = { method: "POST", path, accept: "application/json, */*", body, timeoutMs } as const;
    const reached = await search.ask(question);
    if ("closed" in reached) throw closedError(doing, reached);
    return { ...reached.answer, fallback: reached.fallback };
  };

  const vouchers = () => publishedVouchers(client, looked.namespace, timeoutMs ?? CERTIFICATE_TIMEOUT_MS);
  const judged = async (
    bytes: Uint8Array,
    source: string,
    name: string,
    fallback: boolean,
  ): Promise<FoundCertificate> => {
    const controller = { server: client.server, namespace: looked.namespace, name };
    const found: FoundCertificate = { bytes, source, controller };
    const trust = { fallback, accepted: options["accept-certificate"], pin, vouchers };
    await judgeCertificate(found, trust, io, notices);
    return found;
  };

  /** @throws ControllerError that lists all ways when it is not there either. */
  const published = async (reached: NotReached): Promise<FoundCertificate> => {
    const name = `ConfigMap ${looked.namespace}/${CERTIFICATE_CONFIG_MAP}`;
    try {
      const text = await publishedCertificate(client, looked.namespace, timeoutMs);
      for (const { reason } of reached.closed) notices.note(`note: ${reason}`);
      return await judged(new TextEncoder().encode(text), name, reached.service?.name ?? looked.name, true);
    } catch (error) {
      if (!(error instanceof ClosedWay)) throw error;
      const last = { reason: `${name} ${error.message}`, remedy: error.remedy };
      throw closedError(CERTIFICATE, { ...reached, closed: [...reached.closed, last] });
    }
  };

  const fetchCertificate = async (): Promise<FoundCertificate> => {
    const reached = await search.ask({
      method: "GET",
      path: "/v1/cert.pem",
      accept: "application/x-pem-file, */*",
      timeoutMs: timeoutMs ?? CERTIFICATE_TIMEOUT_MS,
    });
    if ("closed" in reached) return published(reached);
    const { answer, service, fallback } = reached;
    if (answer.status !== 200) throw unforeseen(CERTIFICATE, answer.status);
    if (answer.body.length > MAX_CERTIFICATE_BYTES) {
      throw new ControllerError(
        `cannot ${CERTIFICATE}: the answer of ${answer.source} is too long to be one`,
        CHECK_NAME,
      );
    }
    return judged(answer.body, answer.source, service.name, fallback);
  };
  let fetched: Promise<FoundCertificate> | null = null;
  const certificate = () => {
    fetched ??= fetchCertificate();
    return fetched;
  };
  /** Nothing counts that was sealed by a controller whose certificate is refused. */
  const refuseUntrusted = async () => {
    try {
      await certificate();
    } catch (error) {
      if (error instanceof CertificateError) throw error;
    }
  };

  return {
    certificate,
    vouchers,
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
      const { status, body, fallback } = await post(doing, "/v1/rotate", sealedSecret);
      if (status === 409 || status === 500) {
        // kubeseal tells a refusal from a failure in these words; the reference's controller answers 500 to both.
        const failed = status === 409 ? "unable to rotate secret" : `cannot ${doing}`;
        throw new ControllerError(
          `${failed}: the controller could not re-seal it`,
          "it may not open there: it may be sealed for another cluster, name or namespace, or its key may be gone; signet --validate tells",
        );
      }
      if (fallback || pin !== null) await refuseUntrusted();
      const answer = status === 200 ? parseObject(body) : null;
      if (answer === null) throw unforeseen(doing, status);
      return answer;
    },
    close: async () => {
      search.close();
      await client.close();
    },
  };
}

/** One line with the reason of each way. */
function closedError(doing: string, { closed, service }: NotReached): ControllerError {
  const failed = service === null ? "get sealed secret service" : doing;
  const remedy = closed[0]?.remedy ?? CHECK_NAME;
  return new ControllerError(
    `cannot ${failed}: ${closed.map(({ reason }) => reason).join("; ")}`,
    service === null || doing !== CERTIFICATE
      ? remedy
      : `${remedy}, or give --cert FILE with a certificate fetched elsewhere`,
  );
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
