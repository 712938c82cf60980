const WINDOWS: Readonly<Record<string, number>> = {
  wxp: 5,
  w2k: 5,
  w2k3: 5,
  w2k8: 6,
  wvista: 6,
  win7: 7,
  win8: 8,
  win10: 10,
  win11: 11,
};

/** 0 for what is no Windows, else a number that grows with the generation. */
export function windowsVersionOf(ostype: string | undefined): number {
  return WINDOWS[ostype ?? ""] ?? 0;
}
