import { deletedAndDrifted } from "./deleted-and-drifted.ts";
import { existingSecrets } from "./existing-secrets.ts";
import { formsAndTemplates } from "./forms-and-templates.ts";
import { granted } from "./granted.ts";
import { newAndChanged } from "./new-and-changed.ts";
import { places } from "./places.ts";
import { restartAndKeys } from "./restart-and-keys.ts";
import type { Scenarios } from "./stage.ts";
import { typeAndImmutable } from "./type-and-immutable.ts";

/** Declares all scenarios. */
export const scenarios: Scenarios = (table, stage) => {
  for (const declare of [
    newAndChanged,
    existingSecrets,
    deletedAndDrifted,
    typeAndImmutable,
    places,
    formsAndTemplates,
    restartAndKeys,
    granted,
  ])
    declare(table, stage);
};
