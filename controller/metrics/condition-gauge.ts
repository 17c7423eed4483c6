import { Gauge, type MetricObjectWithValues, type MetricValue, type Registry } from "prom-client";

/** One object's part of the gauge; kept small, since there are many. */
export type ObjectConditions = {
  namespace: string;
  name: string;
  instance: string;
  /** 1 True, -1 False, 0 Unknown, by condition type. */
  conditions: readonly (readonly [type: string, value: 1 | 0 | -1])[];
};

type Label = "namespace" | "name" | "condition" | "ss_app_kubernetes_io_instance";

/** The conditions of all objects as a gauge, whose series are made when somebody asks: kept ready they take 1 kB an object. */
export class ConditionGauge extends Gauge<Label> {
  readonly #objects: () => Iterable<ObjectConditions>;

  /** @param objects all objects as they are now. */
  constructor(registers: Registry[], objects: () => Iterable<ObjectConditions>) {
    super({
      name: "sealed_secrets_controller_condition_info",
      help: "Condition of each SealedSecret: 1 True, -1 False, 0 Unknown",
      labelNames: ["namespace", "name", "condition", "ss_app_kubernetes_io_instance"],
      registers,
    });
    this.#objects = objects;
  }

  override async get(): Promise<MetricObjectWithValues<MetricValue<Label>>> {
    const values: MetricValue<Label>[] = [];
    for (const { namespace, name, instance, conditions } of this.#objects()) {
      for (const [condition, value] of conditions) {
        values.push({
          value,
          labels: { namespace, name, condition, ss_app_kubernetes_io_instance: instance },
        });
      }
    }
    return { ...(await super.get()), values };
  }
}
