/**
 * What must hold under every shape of rights. The numbers are the behaviours that the reference's own cluster suite asserts of
 * its controller; the names are situations of a SealedSecret and the Secret of its name, the first twelve those in which
 * the reference's behaviour was measured.
 */
export const scenarioRows = {
  "1": "a new SealedSecret yields its Secret with data and label, a status with equal times, an event",
  "2": "a changed value updates the Secret; the generation is observed, the update time moves on",
  "3": "an item moved to another name opens under it",
  "4": "an item sealed apart from the others opens beside them",
  "5": "a managed Secret is adopted and replaced as a whole, its mark included",
  "6": "a managed and patched Secret is adopted, its other items, labels and marks stay",
  "7": "a patched Secret is merged into and gets no owner",
  "8": "a patched Secret without data or labels is merged into",
  "9": "an owned Secret that was deleted comes back, and an event says so",
  "10": "a managed Secret that is deleted right after its SealedSecret came is made anew, with its owner",
  "11": "a foreign Secret that was deleted is not made anew: what comes is the SealedSecret's own",
  "12": "a patched Secret that was deleted is not made anew",
  "13": "sealed with an unrelated key: no Secret",
  "14": "sealed with an unrelated key: an event",
  "15": "a template's type and its item make the Secret",
  "16": "an immutable Secret is made, and is in sync",
  "17": "a change behind an immutable Secret is refused, in the known words",
  "18": "strict, renamed: no Secret",
  "19": "strict, renamed: an event",
  "20": "strict, moved: no Secret",
  "21": "strict, moved: an event in the new namespace",
  "22": "cluster-wide, renamed: opens",
  "23": "cluster-wide, moved: opens",
  "24 renamed": "namespace-wide, renamed: opens",
  "24 moved": "namespace-wide, moved: no Secret",
  "25": "--version prints what scripts look for",

  fresh: "nothing there: the Secret is created, with its owner",
  foreign: "a Secret without marks is left as it is, and looked at again once it goes",
  "secret-deleted": "the Secret deleted by hand: made anew",
  collected: "the SealedSecret deleted: its Secret goes",
  "patched-survives": "a patched Secret stays, with what was merged, when the SealedSecret is deleted",
  unowned: "skip-set-owner-references alone: no owner, in sync, later changes applied, survives",
  "unowned-managed": "the same with managed in the template",
  "immutable-changed": "an immutable Secret and a changed value: refused, with what to do",
  "immutable-later": "immutable in the template later makes the Secret immutable",
  "type-changed": "another type in the template is refused with what to do",
  "item-removed": "an item that is gone from the SealedSecret goes from the Secret",
  orphaned: "a Secret that outlived its SealedSecret is not taken over by the next one of that name",

  "patched-removal": "an item that was merged in and is no longer wanted goes, those of others stay",
  recreated: "asked for, a changed value behind an immutable Secret and another type are carried out",
  drifted: "what somebody else changed in the Secret is put right",
  "annotation-changed": "a scope annotation that comes or goes takes effect, though the generation stays",
  "each-served": "each namespace that is served is served alike, the controller's own among them",
  elsewhere:
    "another namespace is served where all are; else it is left alone, whatever its SealedSecrets say",
  "whole-object": "the old whole-object form is opened, with its labels, annotations and type",
  "whole-object-and-items": "both forms at once are refused",
  templates: "template.data makes items; one that fails leaves the Secret as it is",
  restarted: "a restart with nothing to do writes no Secret, no status and no event",
  "key-renewed": "a new key is made and its certificate published; what was sealed before opens still",
  granted: "nothing was asked for that is not granted",
};

/** Name of a row. */
export type ScenarioRow = keyof typeof scenarioRows;
