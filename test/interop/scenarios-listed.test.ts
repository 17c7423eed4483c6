import { scenariosUnderRights } from "./scenarios/under-rights.ts";

scenariosUnderRights("listed");
