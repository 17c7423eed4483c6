import {
  type ControlPlane,
  type ControlPlaneOptions,
  startControlPlane,
} from "./control-plane/control-plane.ts";
import { readInstallation } from "./signet-controller.ts";

/**
 * Starts a control plane of one suite's own that our manifest is installed in, with no controller yet: objects can be made, and the
 * garbage collector knows the definition at once. Controllers of it need no `install`.
 * @param options see `startControlPlane`.
 * @throws Error with the last lines of the component that did not come up.
 */
export async function startInstalledCluster(
  options: Omit<ControlPlaneOptions, "manifests"> = {},
): Promise<ControlPlane> {
  return startControlPlane({ ...options, manifests: await readInstallation() });
}
