import assert from "node:assert/strict";
import { test } from "node:test";
import {
  ALLOW_ALL,
  BACKENDS,
  KeyServiceWorld,
  sealFlags,
  secretYaml,
} from "../../support/key-service-world.ts";

const CLUSTERS = ["cluster-one", "cluster-two"] as const;

for (const backend of BACKENDS) {
  test(`values of ${backend} that were merged for another cluster: --merge-into cannot tell, --validate for either does`, async () => {
    const world = new KeyServiceWorld();
    const [first, second] = CLUSTERS;
    const seal = [...sealFlags(backend), "-o", "yaml"];
    const sealed = await world.run([...seal, "--cluster-id", first], { stdin: secretYaml({ a: "1" }) });
    const merging = ["--merge-into", "s.yaml", ...sealFlags(backend), "--cluster-id", second];
    const merged = await world.run(merging, {
      stdin: secretYaml({ b: "2" }),
      files: { "s.yaml": sealed.stdout },
    });
    assert.equal(merged.code, 0, merged.stderr);
    const file = merged.files.get("s.yaml") ?? "";
    for (const cluster of CLUSTERS) assert.ok(!file.includes(cluster), "values do not say it");
    for (const [cluster, item] of [
      [first, "b"],
      [second, "a"],
    ] as const) {
      const run = await world.run(["--validate", "--cluster-id", cluster, ...ALLOW_ALL], { stdin: file });
      assert.equal(run.code, 1);
      assert.ok(run.stderr.includes(`spec.encryptedData.${item}`), run.stderr);
    }
  });
}
