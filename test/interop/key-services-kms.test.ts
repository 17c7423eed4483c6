import { requireNetbox } from "../support/control-plane/host-network.ts";
import { startKmsBackend } from "./key-services/backend.ts";
import { keyServiceSuite } from "./key-services/scenarios.ts";

requireNetbox();

keyServiceSuite("values under AWS KMS, in a cluster", startKmsBackend);
