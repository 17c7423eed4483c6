import type { KubeClient } from "../../../shared/kube/client.ts";

/** A client whose watches show what there is once the gate opens. */
export function lagging(client: KubeClient, gate: { open: Promise<void> }): KubeClient {
  return new Proxy(client, {
    get(target, name) {
      if (name !== "watch") {
        const member: unknown = Reflect.get(target, name);
        return typeof member === "function" ? member.bind(target) : member;
      }
      return async function* (request: Parameters<KubeClient["watch"]>[0]) {
        for await (const event of target.watch(request)) {
          await gate.open;
          yield event;
        }
      };
    },
  });
}
