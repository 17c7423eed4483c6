export {
  type SopsOpeningOptions,
  type SopsRecipientOptions,
  sopsOpeningOptions,
  sopsRecipientOptions,
} from "../options.ts";
