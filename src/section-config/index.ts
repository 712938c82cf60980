export {
  type ParseOptions,
  parseSections,
  type Section,
  type SectionFile,
  type SectionValue,
} from "./parse.ts";
export { printSections, SectionWriteError, type WritableSections } from "./print.ts";
export type { SectionOption, SectionSchema, SectionType } from "./section-types.ts";
export {
  assertDigest,
  createSection,
  SectionDigestError,
  type SectionUpdate,
  SectionUpdateError,
  updateSection,
} from "./update.ts";
