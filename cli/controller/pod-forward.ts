import { KubeApiError, KubeUnreachableError } from "../../shared/kube/api-error.ts";
import type { PodStreamClient } from "../../shared/kube/client.ts";
import { PodConnectionError } from "../../shared/kube/pod-stream.ts";
import { StreamHttp, StreamHttpError } from "../../shared/kube/stream-http.ts";
import { podsBehind, type ServingPod } from "./pods-behind.ts";
import type { FoundService } from "./service.ts";
import { ClosedWay, type Question, type Way, type WayAnswer } from "./way.ts";

const DEFAULT_TIMEOUT_MS = 30_000;

/** The way through a port-forward to a ready Pod behind the Service. No port is opened on this machine. */
export class PodForward implements Way {
  readonly name: string;
  readonly isFallback = true;
  readonly #client: PodStreamClient;
  readonly #service: FoundService;
  /** The Pod that answered last, asked first the next time. */
  #kept: PodHttp | null = null;
  readonly #open = new Set<PodHttp>();

  constructor(client: PodStreamClient, service: FoundService) {
    this.name = `a port-forward to a Pod of ${service.namespace}/${service.name}`;
    this.#client = client;
    this.#service = service;
  }

  async ask(question: Question): Promise<WayAnswer> {
    const timeoutMs = question.timeoutMs ?? DEFAULT_TIMEOUT_MS;
    const kept = this.#kept;
    // A kept Pod may have gone meanwhile, and another one be there.
    const answer = kept === null ? null : await this.#askPod(kept, question, timeoutMs);
    if (answer !== null && !(answer instanceof ClosedWay)) return answer;
    let closed = new ClosedWay("found no Pod", "check that the controller's Pod is ready");
    for (const target of await podsBehind(this.#client, this.#service, timeoutMs)) {
      const reached = await this.#askPod(this.#connect(target, timeoutMs), question, timeoutMs);
      if (!(reached instanceof ClosedWay)) return reached;
      closed = reached;
    }
    throw closed;
  }

  close(): void {
    for (const pod of this.#open) pod.http.close();
    this.#open.clear();
  }

  #connect(target: ServingPod, timeoutMs: number): PodHttp {
    const open = () => this.#client.openPodStream({ ...target, timeoutMs });
    const pod = { name: target.pod, http: new StreamHttp(open, this.#service.name) };
    this.#open.add(pod);
    return pod;
  }

  async #askPod(pod: PodHttp, question: Question, timeoutMs: number): Promise<WayAnswer | ClosedWay> {
    const { method, path, accept, body } = question;
    const { namespace, name } = this.#service;
    try {
      const request = { method, path, headers: { accept }, timeoutMs };
      const answer = await pod.http.ask(body === undefined ? request : { ...request, body });
      this.#kept = pod;
      return { ...answer, source: `Pod ${namespace}/${pod.name} behind Service ${namespace}/${name}` };
    } catch (error) {
      pod.http.close();
      this.#open.delete(pod);
      if (this.#kept === pod) this.#kept = null;
      return closedBy(error);
    }
  }
}

type PodHttp = { name: string; http: StreamHttp };

/** @throws what is no failure of this way. */
function closedBy(error: unknown): ClosedWay {
  if (error instanceof KubeApiError) {
    return new ClosedWay(
      `was answered ${error.status}`,
      error.status === 403
        ? "ask for the right to get and to create pods/portforward in that namespace"
        : "check that the API server may reach the kubelet of the controller's node",
    );
  }
  if (error instanceof KubeUnreachableError) return broken(error.why);
  if (error instanceof StreamHttpError || error instanceof PodConnectionError) return broken(error.message);
  throw error;
}

function broken(why: string): ClosedWay {
  return new ClosedWay(`did not serve: ${why}`, "check that the controller's Pod is ready");
}
