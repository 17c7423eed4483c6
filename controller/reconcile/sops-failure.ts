import type { NotOpened } from "../../shared/open-sealed-secret.ts";
import type { SealedSecret } from "../../shared/sealed-secret.ts";
import {
  FLUX_DECRYPT_ANNOTATION,
  FLUX_DECRYPT_DISABLED,
  keepsFluxOff,
} from "../../shared/sops-sealed-secret/flux-mark.ts";
import { type Failure, unsealFailed } from "./failure.ts";

/** Why a SealedSecret does not open, where that is said in one text. */
type Told = Extract<NotOpened, { problem: string }>;

/** As administrators do it, and as a mistake in between shows: the definition was not brought up to date with the controller. */
const UPDATE_DEFINITION =
  "this cluster's definition of SealedSecrets may be an older one, which drops it: kubectl apply --server-side --force-conflicts -f crds/sealedsecrets.yaml, then apply the object again";

/** A SealedSecret that does not open, with the next step where there is another than to seal again. */
export function toldFailure({ reason, problem, hint, sops }: Told): Failure {
  const step = sops === "no-metadata" ? UPDATE_DEFINITION : hint;
  const message = step === undefined ? problem : `${problem}; ${step}`;
  return unsealFailed(sops === "opened-on-the-way" ? "ValuesExposed" : reason, message);
}

/** What the author of a SOPS document should know though it opened; none for any other SealedSecret. */
export function sopsWarnings({ metadata, sops }: SealedSecret): string[] {
  if (sops === undefined || keepsFluxOff(metadata.annotations ?? {})) return [];
  return [
    `it has no annotation ${FLUX_DECRYPT_ANNOTATION}: ${FLUX_DECRYPT_DISABLED}, without which Flux, where it decrypts, lays its values open in the cluster; add it to the metadata`,
  ];
}
