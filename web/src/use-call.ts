/** What a page reads from the API: known data at once, with its age, and anew from time to time while it is seen. */
import { useCallback, useEffect, useRef, useState } from "react";
import type { Answer, CallOptions, Parameters, PathWith } from "./api/client.ts";
import { type ApiError, asApiError } from "./api/errors.ts";
import { useApp, useValue } from "./app-context.tsx";

export interface Call<T> {
  readonly data: T | undefined;
  readonly error: ApiError | undefined;
  /** Epoch seconds of the data, on this machine's clock. */
  readonly at: number | undefined;
  readonly isLoading: boolean;
  readonly reload: () => void;
}

interface Known {
  readonly data: unknown;
  readonly at: number;
}

const MAX_KNOWN = 200;
const known = new Map<string, Known>();

function remember(key: string, entry: Known): void {
  known.delete(key);
  known.set(key, entry);
  const oldest = known.keys().next();
  if (known.size > MAX_KNOWN && oldest.done !== true) known.delete(oldest.value);
}

/** Nothing of one login is shown to the next. */
export function forgetKnownData(): void {
  known.clear();
}

interface Options extends CallOptions {
  readonly everyMs?: number;
  /** False: not called. */
  readonly isWanted?: boolean;
}

export function useCall<P extends PathWith<"GET">>(
  path: P,
  parameters: Parameters<P, "GET">,
  { everyMs, isWanted = true }: Options = {},
): Call<Answer<P, "GET">> {
  const { api, session } = useApp();
  const isSignedIn = useValue(session.state).kind === "signed-in";
  const key = `${path} ${JSON.stringify(parameters)}`;
  const [result, setResult] = useState<{ readonly key: string; readonly error: ApiError | undefined }>({
    key,
    error: undefined,
  });
  const [round, setRound] = useState(0);
  const parametersRef = useRef(parameters);
  parametersRef.current = parameters;
  const reload = useCallback(() => setRound((value) => value + 1), []);

  // biome-ignore lint/correctness/useExhaustiveDependencies: the key stands for the parameters, the round for a wish to reload
  useEffect(() => {
    if (!isWanted || !isSignedIn) return;
    const abort = new AbortController();
    let timer: ReturnType<typeof setTimeout> | undefined;
    const load = async (): Promise<void> => {
      try {
        const data = await api.get(path, parametersRef.current, { signal: abort.signal });
        if (abort.signal.aborted) return;
        remember(key, { data, at: Date.now() / 1000 });
        setResult({ key, error: undefined });
      } catch (error) {
        if (abort.signal.aborted) return;
        setResult({ key, error: asApiError(error) });
      }
      if (everyMs !== undefined) timer = setTimeout(() => void loadWhenSeen(), everyMs);
    };
    const loadWhenSeen = async (): Promise<void> => {
      if (document.visibilityState === "hidden" && everyMs !== undefined)
        timer = setTimeout(() => void loadWhenSeen(), everyMs);
      else await load();
    };
    void load();
    return () => {
      abort.abort();
      clearTimeout(timer);
    };
  }, [api, path, key, everyMs, isWanted, isSignedIn, round]);

  const entry = known.get(key);
  const error = result.key === key ? result.error : undefined;
  return {
    data: entry?.data as Answer<P, "GET"> | undefined,
    error,
    at: entry?.at,
    isLoading: entry === undefined && error === undefined && isWanted,
    reload,
  };
}
