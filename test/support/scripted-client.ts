import assert from "node:assert/strict";
import { KubeApiError } from "../../shared/kube/api-error.ts";
import type { KubeClient, KubeObject, KubeRequest } from "../../shared/kube/client.ts";
import { requestWords } from "../../shared/kube/request-words.ts";

/** One request that is expected, and what it gets: an object, the status it is refused with, or an error. */
export type Step = {
  method: KubeRequest["method"];
  path: string;
  answer: object | number | Error;
};

/** A client that expects requests in order. */
export type ScriptedClient = {
  client: KubeClient;
  /** Requests so far, whole. */
  requests: KubeRequest[];
  /** @throws AssertionError when a step was not asked for. */
  done(): void;
};

/** Makes a client of steps; a request that is not the next one fails the test. Only `request` is served. */
export function scriptedClient(steps: readonly Step[]): ScriptedClient {
  const requests: KubeRequest[] = [];
  const unasked = () => {
    throw new Error("not expected to be asked for");
  };
  const request = async (question: KubeRequest): Promise<KubeObject> => {
    const step = steps[requests.length];
    requests.push(question);
    const asked = `${question.method} ${question.path}`;
    assert.equal(asked, step === undefined ? "no further request" : `${step.method} ${step.path}`);
    const answer = step?.answer ?? 500;
    if (answer instanceof Error) throw answer;
    if (typeof answer === "object") return { metadata: {}, ...structuredClone(answer) };
    throw new KubeApiError({
      request: requestWords(question),
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
  return { client, requests, done: () => assert.equal(requests.length, steps.length) };
}
