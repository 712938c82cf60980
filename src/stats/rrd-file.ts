/** Reads an RRD file of this machine: one archive's rows, without any library. What is not flushed yet is not seen. */
import { type FileHandle, open } from "node:fs/promises";

export interface RrdSeries {
  readonly columns: readonly string[];
  /** Seconds between rows. */
  readonly stepSeconds: number;
  /** Rows of ascending time, the end of each one's span; NaN where nothing is known. */
  readonly rows: readonly { readonly time: number; readonly values: readonly number[] }[];
}

/** Sizes and places of the parts of a file, on 64-bit little-endian machines (rrdtool's rrd_format.h, version 3). */
const HEAD = { bytes: 128, version: 4, columnCount: 24, archiveCount: 32, step: 40 } as const;
const COLUMN = { bytes: 120, nameBytes: 20 } as const;
const ARCHIVE = { bytes: 120, nameBytes: 20, rowCount: 24, stepCount: 32 } as const;
const LIVE = { bytes: 16 } as const;
const COLUMN_STATE_BYTES = 112;
const ARCHIVE_STATE_BYTES = 80;
const POINTER_BYTES = 8;
const VALUE_BYTES = 8;
/** More than any file of ours; a damaged header must not make us read gigabytes. */
const MAX_HEAD_BYTES = 1 << 20;
const MAX_ROWS = 1 << 20;

interface Archive {
  readonly consolidation: string;
  readonly rowCount: number;
  readonly stepCount: number;
  /** Row of the newest values. */
  readonly current: number;
  /** Where its rows begin in the file. */
  readonly offset: number;
}

interface Layout {
  readonly columns: readonly string[];
  readonly stepSeconds: number;
  readonly lastUpdate: number;
  readonly archives: readonly Archive[];
}

export interface SeriesRequest {
  readonly consolidation: string;
  readonly resolutionSeconds: number;
}

/**
 * All rows of the archive with that resolution.
 * @returns undefined when there is no such file or no such archive in it.
 * @throws TypeError when it is no RRD file.
 */
export async function readRrdFile(path: string, request: SeriesRequest): Promise<RrdSeries | undefined> {
  const file = await openOrMissing(path);
  if (file === undefined) return undefined;
  try {
    return await readSeries(file, path, request);
  } finally {
    await file.close();
  }
}

/**
 * The columns of a file.
 * @returns undefined when there is no such file.
 * @throws TypeError when it is no RRD file.
 */
export async function readRrdColumns(path: string): Promise<readonly string[] | undefined> {
  const file = await openOrMissing(path);
  if (file === undefined) return undefined;
  try {
    return (await readLayout(file, path)).columns;
  } finally {
    await file.close();
  }
}

async function openOrMissing(path: string): Promise<FileHandle | undefined> {
  try {
    return await open(path, "r");
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return undefined;
    throw error;
  }
}

async function readSeries(
  file: FileHandle,
  path: string,
  { consolidation, resolutionSeconds }: SeriesRequest,
): Promise<RrdSeries | undefined> {
  const layout = await readLayout(file, path);
  const archive = layout.archives.find(
    (one) => one.consolidation === consolidation && one.stepCount * layout.stepSeconds === resolutionSeconds,
  );
  if (archive === undefined) return undefined;
  const width = layout.columns.length;
  const data = await readExactly(file, {
    path,
    position: archive.offset,
    bytes: archive.rowCount * width * VALUE_BYTES,
  });
  const newest = layout.lastUpdate - (layout.lastUpdate % resolutionSeconds);
  const rows: { time: number; values: number[] }[] = [];
  for (let age = archive.rowCount - 1; age >= 0; age -= 1) {
    const row = (archive.current - age + archive.rowCount) % archive.rowCount;
    const values = layout.columns.map((_, column) => data.readDoubleLE((row * width + column) * VALUE_BYTES));
    rows.push({ time: newest - age * resolutionSeconds, values });
  }
  return { columns: layout.columns, stepSeconds: resolutionSeconds, rows };
}

async function readLayout(file: FileHandle, path: string): Promise<Layout> {
  const head = await readExactly(file, { path, position: 0, bytes: HEAD.bytes });
  if (head.toString("latin1", 0, HEAD.version + 4) !== "RRD\x000003") throw new TypeError(`${path} is no RRD file`);
  const columnCount = Number(head.readBigUInt64LE(HEAD.columnCount));
  const archiveCount = Number(head.readBigUInt64LE(HEAD.archiveCount));
  const columnsAt = HEAD.bytes;
  const archivesAt = columnsAt + columnCount * COLUMN.bytes;
  const liveAt = archivesAt + archiveCount * ARCHIVE.bytes;
  const statesBytes = columnCount * COLUMN_STATE_BYTES + columnCount * archiveCount * ARCHIVE_STATE_BYTES;
  const pointersAt = liveAt + LIVE.bytes + statesBytes;
  const dataAt = pointersAt + archiveCount * POINTER_BYTES;
  if (dataAt > MAX_HEAD_BYTES) throw new TypeError(`${path} is no RRD file of ours`);
  const meta = await readExactly(file, { path, position: 0, bytes: dataAt });
  const archives: Archive[] = [];
  let offset = dataAt;
  for (let index = 0; index < archiveCount; index += 1) {
    const at = archivesAt + index * ARCHIVE.bytes;
    const rowCount = Number(meta.readBigUInt64LE(at + ARCHIVE.rowCount));
    if (rowCount > MAX_ROWS) throw new TypeError(`${path} is no RRD file of ours`);
    archives.push({
      consolidation: textAt(meta, at, ARCHIVE.nameBytes),
      rowCount,
      stepCount: Number(meta.readBigUInt64LE(at + ARCHIVE.stepCount)),
      current: Number(meta.readBigUInt64LE(pointersAt + index * POINTER_BYTES)),
      offset,
    });
    offset += rowCount * columnCount * VALUE_BYTES;
  }
  return {
    columns: Array.from({ length: columnCount }, (_, index) =>
      textAt(meta, columnsAt + index * COLUMN.bytes, COLUMN.nameBytes),
    ),
    stepSeconds: Number(head.readBigUInt64LE(HEAD.step)),
    lastUpdate: Number(meta.readBigUInt64LE(liveAt)),
    archives,
  };
}

async function readExactly(
  file: FileHandle,
  { path, position, bytes }: { path: string; position: number; bytes: number },
): Promise<Buffer> {
  const buffer = Buffer.alloc(bytes);
  const { bytesRead } = await file.read(buffer, 0, bytes, position);
  if (bytesRead !== bytes) throw new TypeError(`${path} is cut off`);
  return buffer;
}

function textAt(buffer: Buffer, at: number, bytes: number): string {
  const field = buffer.subarray(at, at + bytes);
  const end = field.indexOf(0);
  return field.toString("latin1", 0, end < 0 ? bytes : end);
}
