import { scenariosUnderRights } from "./scenarios/under-rights.ts";

scenariosUnderRights("own");
