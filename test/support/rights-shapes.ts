import type { KubeObject } from "./control-plane/kube-object.ts";
import { argumentsOf, renderChart } from "./helm.ts";
import { controllerName, controllerNamespace } from "./signet-controller.ts";

/** A shape of the rights that the chart grants. */
export type RightsShape = {
  /** What the rights are, as in "rights granted by …". */
  title: string;
  /** Values of the chart that make it. */
  values: Readonly<Record<string, unknown>>;
  /** Namespaces that are served; more are where the rights hold in the whole cluster. */
  served: readonly [string, ...string[]];
  /** Namespaces that exist and are not served. */
  others: readonly string[];
};

/** The three shapes, by a short name. */
export const rightsShapes = {
  cluster: {
    title: "over the whole cluster",
    values: {},
    served: ["team-a", "team-b", controllerNamespace],
    others: [],
  },
  listed: {
    title: "by Roles in listed namespaces",
    values: {
      additionalNamespaces: ["team-a", "team-b"],
      rbac: { clusterRole: false, namespacedRoles: true },
    },
    served: ["team-a", "team-b", controllerNamespace],
    others: ["team-c"],
  },
  own: {
    title: "by a Role in its own namespace",
    values: { allNamespaces: false },
    served: [controllerNamespace],
    others: ["team-a", "team-b"],
  },
} satisfies Record<string, RightsShape>;

/** Short name of a shape. */
export type RightsShapeName = keyof typeof rightsShapes;

/** The chart's objects for a shape, as far as they mean something without a kubelet, and the options that it starts the controller with. */
export type GrantedRights = {
  /** ServiceAccount, roles and bindings. */
  objects: KubeObject[];
  /** Options, without those of the addresses it listens on. */
  flags: string[];
};

/** Renders the chart by the real Helm. @throws Error when that fails. */
export async function grantedRights({ values }: RightsShape): Promise<GrantedRights> {
  const objects = await renderChart({ values: { ...values, fullnameOverride: controllerName } });
  return {
    objects: objects.filter(
      ({ apiVersion, kind }) => apiVersion.startsWith("rbac.") || kind === "ServiceAccount",
    ),
    flags: argumentsOf(objects).filter((argument) => !argument.startsWith("--listen-")),
  };
}
