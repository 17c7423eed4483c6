import assert from "node:assert/strict";
import { after, before, suite } from "node:test";
import { requireNetbox } from "../../support/control-plane/host-network.ts";
import { coverageTable } from "../../support/coverage-table.ts";
import { type RightsShape, type RightsShapeName, rightsShapes } from "../../support/rights-shapes.ts";
import { scenarioRows } from "./rows.ts";
import { scenarios } from "./scenarios.ts";
import { type Stage, setStage } from "./stage.ts";

/** Plays all scenarios under the rights of a shape, on a control plane of their own. */
export function scenariosUnderRights(name: RightsShapeName): void {
  requireNetbox();
  const shape: RightsShape = rightsShapes[name];
  suite(`what becomes of SealedSecrets with rights granted ${shape.title}`, () => {
    let stage: Stage | undefined;
    before(async () => {
      stage = await setStage(shape);
    });
    after(async () => {
      await stage?.stop();
    });
    const table = coverageTable(scenarioRows);
    scenarios(table, () => {
      assert.ok(stage !== undefined);
      return stage;
    });
    table.everyRowHasATest();
  });
}
