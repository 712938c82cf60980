import type { IncomingMessage } from "node:http";
import { PassThrough } from "node:stream";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { MAX_BODY_BYTES, readRequestBody } from "./request-body.ts";

beforeEach(() => void vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] }));
afterEach(() => void vi.useRealTimers());

/** A request as far as its body goes. */
function sending(): { stream: PassThrough; body: Promise<Buffer> } {
  const stream = new PassThrough({ highWaterMark: 2 * MAX_BODY_BYTES });
  return { stream, body: readRequestBody(stream as unknown as IncomingMessage) };
}

test("a body is what was sent, in whichever pieces", async () => {
  const { stream, body } = sending();
  stream.write("a=1");
  stream.end("&b=2");
  expect((await body).toString()).toBe("a=1&b=2");
});

test("no more is kept than may come", async () => {
  const whole = sending();
  whole.stream.end(Buffer.alloc(MAX_BODY_BYTES));
  expect((await whole.body).length).toBe(MAX_BODY_BYTES);
  const { stream, body } = sending();
  stream.write(Buffer.alloc(MAX_BODY_BYTES));
  stream.write("x");
  await expect(body).rejects.toMatchObject({ status: 501, message: "for data too large" });
});

test("a body that stands still or drips is given up", async () => {
  const { stream, body } = sending();
  stream.write("a");
  vi.advanceTimersByTime(60_000);
  await expect(body).rejects.toMatchObject({ status: 400, message: "the request body took too long" });
});

test("a client that hangs up leaves no body", async () => {
  const { stream, body } = sending();
  stream.write("a");
  stream.destroy();
  await expect(body).rejects.toMatchObject({ status: 400, message: "the request body broke off" });
});
