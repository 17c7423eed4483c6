import { SealError } from "../../shared/errors.ts";
import { KubeApiError } from "../../shared/kube/api-error.ts";
import type { KubeClient } from "../../shared/kube/client.ts";
import { type Certificate, readCertificate } from "../../shared/seal/certificate.node.ts";
import { publishedCertificate } from "../controller/published-certificate.ts";
import type { FoundService } from "../controller/service.ts";
import { serviceProxy } from "../controller/service-proxy.ts";
import { ClosedWay } from "../controller/way.ts";
import { type Check, type Looking, ok, wanting } from "./check.ts";
import type { PublishedOptions } from "./published-options.ts";

const DAY_MS = 86_400_000;
/** A renewed certificate is there long before, unless keys are renewed later than that. */
const SOON_DAYS = 30;

/**
 * Looks at the certificate that the controller serves, at the one that it has published, and how long it is valid.
 * @param service null where there is none to ask.
 */
export async function checkCertificate(
  looking: Looking,
  service: FoundService | null,
  { renewPeriodMs }: Pick<PublishedOptions, "renewPeriodMs">,
): Promise<Check[]> {
  const served = service === null ? null : await servedCertificate(looking, service);
  const published = await publishedOne(looking);
  const checks = [...(served?.checks ?? []), ...published.checks];
  const one = served?.certificate ?? published.certificate;
  if (one === null) return checks;
  if (
    served?.certificate &&
    published.certificate &&
    served.certificate.digest !== published.certificate.digest
  ) {
    const found = `the controller serves ${served.certificate.fingerprint}, and the ConfigMap has ${published.certificate.fingerprint}`;
    const next = "look into the controller's log: it may write that ConfigMap, and nobody else should";
    checks.push(wanting("fail", "certificate", found, next));
  }
  return [...checks, checkValidity(one, looking.now, renewPeriodMs)];
}

type FoundOne = { certificate: Certificate | null; checks: Check[] };

async function servedCertificate({ client, search }: Looking, service: FoundService): Promise<FoundOne> {
  const about = "endpoint";
  const question = {
    method: "GET",
    path: "/v1/cert.pem",
    accept: "*/*",
    timeoutMs: search.timeoutMs,
  } as const;
  try {
    const { status, body, source } = await serviceProxy(client as KubeClient, service).ask(question);
    if (status !== 200) {
      const found = `${source} answered ${status} when asked for its certificate`;
      return {
        certificate: null,
        checks: [wanting("fail", about, found, "see that the Service is the controller's")],
      };
    }
    const certificate = readCertificate(new TextDecoder().decode(body));
    return { certificate, checks: [ok(about, `${source} serves its certificate`)] };
  } catch (error) {
    if (error instanceof ClosedWay) {
      const found = `the API server does not lead to it: ${error.message}; signet looks for other ways then`;
      return { certificate: null, checks: [wanting("warn", about, found, error.remedy)] };
    }
    if (!(error instanceof SealError) || error.code === "kube-unreachable") throw error;
    const found = `what the Service serves ${error.message}`;
    return {
      certificate: null,
      checks: [wanting("fail", about, found, "see that the Service is the controller's")],
    };
  }
}

async function publishedOne({ client, search }: Looking): Promise<FoundOne> {
  const about = "published";
  const { namespace, timeoutMs } = search;
  const name = `ConfigMap ${namespace}/sealed-secrets-certificate`;
  try {
    const certificate = readCertificate(
      await publishedCertificate(client as KubeClient, namespace, timeoutMs),
    );
    return { certificate, checks: [ok(about, `${name} has the certificate`)] };
  } catch (error) {
    if (error instanceof ClosedWay)
      return {
        certificate: null,
        checks: [wanting("warn", about, `${name}: ${error.message}`, error.remedy)],
      };
    if (!(error instanceof SealError) || error.code === "kube-unreachable") throw error;
    const next = error instanceof KubeApiError ? error.hint : "look who writes it";
    return { certificate: null, checks: [wanting("fail", about, `${name} ${error.message}`, next)] };
  }
}

function checkValidity(
  { fingerprint, notBefore, notAfter }: Certificate,
  now: Date,
  renewPeriodMs: number | null,
): Check {
  const about = "certificate";
  const days = Math.floor((notAfter.getTime() - now.getTime()) / DAY_MS);
  const until = notAfter.toISOString().slice(0, 10);
  const next = "see why no key was renewed: the controller's log and its option --key-renew-period";
  if (days < 0)
    return wanting("fail", about, `${fingerprint} has expired on ${until}: nothing can be sealed`, next);
  const renewal = renewPeriodMs ? notBefore.getTime() + renewPeriodMs : null;
  const isRenewedBefore = renewal !== null && renewal > now.getTime() && renewal < notAfter.getTime();
  if (days < SOON_DAYS && !isRenewedBefore)
    return wanting("warn", about, `${fingerprint} expires on ${until}`, next);
  return ok(about, `${fingerprint}, until ${until}`);
}
