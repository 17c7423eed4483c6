import assert from "node:assert/strict";
import type { Behaviour } from "./contract-scene.ts";
import { refusalOf, sealedSecret } from "./contract-scene.ts";

/** Who is let in, and the wording of what is not allowed. */
export const accessBehaviours: Behaviour[] = [
  {
    name: "an unknown token is refused with 401",
    run: async (scene) => {
      const headers = { authorization: "Bearer nobody" };
      const answer = await scene.stranger.request("GET", scene.secrets, undefined, headers);
      assert.equal(refusalOf(answer, 401, "Unauthorized").message, "Unauthorized");
    },
  },
  {
    name: "a request without a token is anonymous, and refused with 403",
    run: async (scene) => {
      const refusal = refusalOf(await scene.stranger.request("GET", scene.secrets), 403, "Forbidden");
      assert.equal(
        refusal.message,
        `secrets is forbidden: User "system:anonymous" cannot list resource "secrets" in API group "" in the namespace "${scene.namespace}"`,
      );
    },
  },
  {
    name: "what a user may not do is refused with 403 that says who, what and where",
    run: async (scene) => {
      const { secrets, sealedSecrets, namespace } = scene;
      const place = `in the namespace "${namespace}"`;
      const services = `/api/v1/namespaces/${namespace}/services`;
      for (const [method, path, message] of [
        [
          "GET",
          `${secrets}/a`,
          `secrets "a" is forbidden: User "alice" cannot get resource "secrets" in API group "" ${place}`,
        ],
        [
          "GET",
          "/api/v1/secrets",
          `secrets is forbidden: User "alice" cannot list resource "secrets" in API group "" at the cluster scope`,
        ],
        [
          "GET",
          `${secrets}?watch=true`,
          `secrets is forbidden: User "alice" cannot watch resource "secrets" in API group "" ${place}`,
        ],
        [
          "POST",
          secrets,
          `secrets is forbidden: User "alice" cannot create resource "secrets" in API group "" ${place}`,
        ],
        [
          "PATCH",
          `${secrets}/a`,
          `secrets "a" is forbidden: User "alice" cannot patch resource "secrets" in API group "" ${place}`,
        ],
        [
          "DELETE",
          `${secrets}/a`,
          `secrets "a" is forbidden: User "alice" cannot delete resource "secrets" in API group "" ${place}`,
        ],
        [
          "DELETE",
          secrets,
          `secrets is forbidden: User "alice" cannot deletecollection resource "secrets" in API group "" ${place}`,
        ],
        [
          "PUT",
          `${sealedSecrets}/a/status`,
          `sealedsecrets.bitnami.com "a" is forbidden: User "alice" cannot update resource "sealedsecrets/status" in API group "bitnami.com" ${place}`,
        ],
        [
          "GET",
          `${services}/http:a:/proxy/x`,
          `services "http:a:" is forbidden: User "alice" cannot get resource "services/proxy" in API group "" ${place}`,
        ],
        [
          "POST",
          `${services}/http:a:/proxy/x`,
          `services "http:a:" is forbidden: User "alice" cannot create resource "services/proxy" in API group "" ${place}`,
        ],
      ] as const) {
        const body = method === "GET" ? undefined : sealedSecret("a");
        const answer = await scene.ordinary.request(method, path, body);
        assert.equal(refusalOf(answer, 403, "Forbidden").message, message);
      }
    },
  },
];
