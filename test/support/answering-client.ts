import { KubeApiError } from "../../shared/kube/api-error.ts";
import type { KubeClient, KubeObject, KubeRequest } from "../../shared/kube/client.ts";
import { requestWords } from "../../shared/kube/request-words.ts";

/** A client that answers requests from a table. */
export type AnsweringClient = {
  client: KubeClient;
  /** Paths asked for so far, with what they select by. */
  asked: string[];
};

/**
 * Makes a client of a table: a path, perhaps with `?labelSelector=…` in plain text, and the object it gives or the status
 * it is refused with. Everything else is 404, and only `request` is served.
 */
export function clientAnswering(answers: Readonly<Record<string, object | number>>): AnsweringClient {
  const asked: string[] = [];
  const unasked = () => {
    throw new Error("not expected to be asked for");
  };
  const request = async (question: KubeRequest): Promise<KubeObject> => {
    const selector = question.query?.["labelSelector"];
    const path = selector === undefined ? question.path : `${question.path}?labelSelector=${selector}`;
    asked.push(path);
    const answer = answers[path] ?? 404;
    if (typeof answer === "object") return { metadata: {}, ...structuredClone(answer) };
    const words = requestWords(question);
    throw new KubeApiError({
      request: words,
      status: answer,
      reason: "",
      retryAfterSeconds: null,
      fields: [],
    });
  };
  const client = {
    server: "https://cluster.example",
    namespace: null,
    request,
    raw: unasked,
    watch: unasked,
    close: async () => {},
  };
  return { client, asked };
}
