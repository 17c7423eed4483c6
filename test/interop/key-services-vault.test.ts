import { requireNetbox } from "../support/control-plane/host-network.ts";
import { startVaultBackend } from "./key-services/backend.ts";
import { keyServiceSuite } from "./key-services/scenarios.ts";

requireNetbox();

keyServiceSuite("values under a real Vault, in a cluster", startVaultBackend);
