import { KubeApiError, KubeUnreachableError } from "../../shared/kube/api-error.ts";
import type { PodStreamClient, RawAnswer } from "../../shared/kube/client.ts";
import { PodConnectionError } from "../../shared/kube/pod-stream.ts";
import { StreamHttp, StreamHttpError } from "../../shared/kube/stream-http.ts";
import { podsBehind, type ServingPod } from "./pods-behind.ts";
import type { FoundService } from "./service.ts";
import { ClosedWay, type Question, type Way } from "./way.ts";

const DEFAULT_TIMEOUT_MS = 30_000;

/** The way through a port-forward to a ready Pod behind the Service. No port is opened on this machine. */
export function podForward(client: PodStreamClient, service: FoundService): Way {
  const { namespace, name } = service;
  let current: { target: ServingPod; http: StreamHttp } | null = null;

  const askPod = async (question: Question, timeoutMs: number): Promise<RawAnswer> => {
    const { method, path, accept, body } = question;
    if (current === null) throw new ClosedWay("found no Pod", "check that the controller's Pod is ready");
    return current.http.ask({
      method,
      path,
      headers: { accept },
      timeoutMs,
      ...(body === undefined ? {} : { body }),
    });
  };
  const leave = () => {
    current?.http.close();
    current = null;
  };
  const take = (target: ServingPod, timeoutMs: number) => {
    leave();
    const http = new StreamHttp(() => client.openPodStream({ ...target, timeoutMs }), name);
    current = { target, http };
  };

  return {
    name: `a port-forward to a Pod of ${namespace}/${name}`,
    isFallback: true,
    async ask(question) {
      const timeoutMs = question.timeoutMs ?? DEFAULT_TIMEOUT_MS;
      if (current !== null) {
        try {
          return await askPod(question, timeoutMs);
        } catch (error) {
          // The Pod may have gone meanwhile, and another one be there.
          if (closedBy(error) === null) throw error;
        }
      }
      let closed: ClosedWay | null = null;
      for (const target of await podsBehind(client, service, timeoutMs)) {
        take(target, timeoutMs);
        try {
          return await askPod(question, timeoutMs);
        } catch (error) {
          closed = closedBy(error);
          if (closed === null) throw error;
        }
      }
      leave();
      throw closed ?? new ClosedWay("found no Pod", "check that the controller's Pod is ready");
    },
    source: () => `Pod ${namespace}/${current?.target.pod} behind Service ${namespace}/${name}`,
    close: leave,
  };
}

/** @returns null for what is no failure of this way. */
function closedBy(error: unknown): ClosedWay | null {
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
  return null;
}

function broken(why: string): ClosedWay {
  return new ClosedWay(`did not serve: ${why}`, "check that the controller's Pod is ready");
}
