import type { SopsUnwrapper } from "../../shared/document/sops/key-services.ts";
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

/** The same while the data key of a SOPS document is asked for; age identities are at hand. */
export function lendingSops(
  unwrapper: SopsUnwrapper | null,
  queue: Pick<Workqueue, "lendPlace">,
): SopsUnwrapper | null {
  if (unwrapper === null) return null;
  return {
    unwrap: (entry, signal) =>
      entry.type === "age"
        ? unwrapper.unwrap(entry, signal)
        : queue.lendPlace(() => unwrapper.unwrap(entry, signal)),
  };
}
