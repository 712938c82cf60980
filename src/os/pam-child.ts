/**
 * A process that asks PAM once and ends: modules sleep, fork and crash, so they never run in a daemon. Reads one line
 * of JSON `{user, password, service}` from standard input and writes one line `{code, step}` (pam(3) codes).
 */
import { readFileSync, writeSync } from "node:fs";
import koffi from "koffi";

// security/_pam_types.h
const PAM_SUCCESS = 0;
const PAM_CONV_ERR = 19;
const PAM_PROMPT_ECHO_OFF = 1;
const PAM_FAIL_DELAY = 10;
const PAM_SILENT = 0x8000;
/** Without it an account with an empty password gets in. */
const PAM_DISALLOW_NULL_AUTHTOK = 0x1;

const { user, password, service } = JSON.parse(readFileSync(0, "utf8")) as Record<
  "user" | "password" | "service",
  string
>;

const libc = koffi.load("libc.so.6");
const pam = koffi.load("libpam.so.0");
const calloc = libc.func("void *calloc(size_t n, size_t size)");
const strdup = libc.func("void *strdup(const char *text)");
const Message = koffi.struct("pam_message", { style: "int", text: "const char *" });
const Response = koffi.struct("pam_response", { text: "void *", code: "int" });
const Converse = koffi.proto("int pam_conversation(int n, void *messages, void *responses, void *data)");
const Delay = koffi.proto("void pam_delay(int result, unsigned int micros, void *data)");
koffi.struct("pam_conv", { converse: koffi.pointer(Converse), data: "void *" });
const start = pam.func("int pam_start(const char *service, const char *user, pam_conv *conv, _Out_ void **handle)");
const setItem = pam.func("int pam_set_item(void *handle, int item, void *value)");
const authenticate = pam.func("int pam_authenticate(void *handle, int flags)");
const manageAccount = pam.func("int pam_acct_mgmt(void *handle, int flags)");
const end = pam.func("int pam_end(void *handle, int status)");

const converse = koffi.register((count: number, messages: unknown, responses: unknown): number => {
  try {
    // Both arrays belong to PAM, which frees them: hence C memory.
    const array = calloc(count, koffi.sizeof(Response));
    const pointers = koffi.decode(messages, koffi.array("void *", count)) as unknown[];
    for (const [index, pointer] of pointers.entries()) {
      const { style } = koffi.decode(pointer, Message) as { style: number };
      if (style !== PAM_PROMPT_ECHO_OFF) continue;
      koffi.encode(array, index * koffi.sizeof(Response), Response, { text: strdup(password), code: 0 });
    }
    koffi.encode(responses, "void *", array);
    return PAM_SUCCESS;
  } catch (error) {
    // An exception must not pass through C: it would count as success there.
    writeSync(2, `${String(error)}\n`);
    return PAM_CONV_ERR;
  }
}, koffi.pointer(Converse));
/** Failures are delayed by the caller, evenly for all reasons; the modules' own delays would tell them apart. */
const noDelay = koffi.register(() => {}, koffi.pointer(Delay));

function answer(code: number, step: string): never {
  writeSync(1, `${JSON.stringify({ code, step })}\n`);
  process.exit(0);
}

const handles: unknown[] = [null];
const started = start(service, user, { converse, data: null }, handles) as number;
if (started !== PAM_SUCCESS) answer(started, "start");
const [handle] = handles;
setItem(handle, PAM_FAIL_DELAY, noDelay);
const flags = PAM_SILENT | PAM_DISALLOW_NULL_AUTHTOK;
const authenticated = authenticate(handle, flags) as number;
const code = authenticated === PAM_SUCCESS ? (manageAccount(handle, flags) as number) : authenticated;
end(handle, code);
answer(code, authenticated === PAM_SUCCESS ? "account" : "authenticate");
