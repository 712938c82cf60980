/** The bootable CD of the test guest, built once and kept between runs. */
import { buildTestGuest, defaultCacheDir } from "../guest/build.ts";

export async function guestIso(): Promise<string> {
  return (await buildTestGuest(defaultCacheDir(process.env))).iso;
}
