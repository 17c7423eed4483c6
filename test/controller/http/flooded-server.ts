import { parentPort } from "node:worker_threads";
import { listen } from "../../../controller/http/listen.ts";
import { apiScene } from "./api-scene.ts";

// The API of the controller in a thread of its own; tells its port. Limits for each peer are wide open.
const { server } = await apiScene({ limits: { rate: 1000, burst: 1000 } });
parentPort?.postMessage(await listen(server, "127.0.0.1:0", "listen-addr"));
