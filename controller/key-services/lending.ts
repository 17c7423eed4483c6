import type { KeyServices } from "../../shared/seal/sealer.ts";
import type { Workqueue } from "../runtime/workqueue.ts";

/** While an object waits for a key service, another one has its place among those under work. */
export function lendingPlaces(services: KeyServices, queue: Workqueue): KeyServices {
  return {
    unsealerFor(backend, namespace) {
      const unsealer = services.unsealerFor(backend, namespace);
      if (unsealer === null) return null;
      return { unsealAll: (...asked) => queue.lendPlace(() => unsealer.unsealAll(...asked)) };
    },
  };
}
