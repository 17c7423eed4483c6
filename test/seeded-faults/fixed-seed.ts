// Loaded before a test of generated cases: a fault must be noticed by every run or by none, not by a lucky one.
import fc from "fast-check";

fc.configureGlobal({ seed: 20_260_101 });
