/** The names of access control: what they may look like and how they are taken apart. White space is ASCII here. */

export const ROOT_USER = "root@pam";

const REALM = "[A-Za-z][A-Za-z0-9.\\-_]+";
const USER_PART = "[^ \\t\\n\\r\\f\\v:/]+";
const USERID = new RegExp(`^(${USER_PART})@(${REALM})$`);
const TOKENID = new RegExp(`^(${USER_PART}@${REALM})!(${REALM})$`);
const SIMPLE_NAME = /^[A-Za-z0-9.\-_]+$/;
const POOL = /^[A-Za-z0-9.\-_]+(?:\/[A-Za-z0-9.\-_]+){0,2}$/;
const STORAGE = /^[a-z][a-z0-9\-_.]*[a-z0-9]$/i;

const MAX_USERID_BYTES = 64;
const MIN_USERID_BYTES = 3;

export interface UserName {
  readonly user: string;
  readonly realm: string;
}

/** `user@realm` taken apart at its last `@`; undefined when it is not a user id. */
export function splitUserid(userid: string): UserName | undefined {
  const bytes = Buffer.byteLength(userid);
  if (bytes < MIN_USERID_BYTES || bytes > MAX_USERID_BYTES) return undefined;
  const match = USERID.exec(userid);
  const [, user, realm] = match ?? [];
  return user === undefined || realm === undefined ? undefined : { user, realm };
}

export function isUserid(userid: string): boolean {
  return splitUserid(userid) !== undefined;
}

export interface TokenName {
  readonly userid: string;
  readonly subid: string;
}

/** `user@realm!subid` taken apart; undefined when it is not a token id. */
export function splitTokenid(tokenid: string): TokenName | undefined {
  const [, userid, subid] = TOKENID.exec(tokenid) ?? [];
  return userid === undefined || subid === undefined ? undefined : { userid, subid };
}

/** The user behind a user or token id. */
export function ownerOf(authid: string): string {
  return splitTokenid(authid)?.userid ?? authid;
}

export const isGroupid = (name: string): boolean => SIMPLE_NAME.test(name);
export const isRoleid = (name: string): boolean => SIMPLE_NAME.test(name);
export const isPoolid = (name: string): boolean => POOL.test(name);
export const isStorageid = (name: string): boolean => STORAGE.test(name);

/** Items of a list text: separated by NUL alone when there is one, else by comma, semicolon and white space. */
export function splitList(text: string): string[] {
  if (text.includes("\0")) return text.split("\0").filter((item) => item !== "");
  return text.split(/[,; \t\n\r\f\v]+/).filter((item) => item !== "");
}

/** The order of files: by bytes of UTF-8. */
export function compareBytes(a: string, b: string): number {
  // UTF-16 order differs from UTF-8 order only beyond the basic plane, where the slow way decides.
  return isBasic(a) && isBasic(b) ? (a < b ? -1 : a > b ? 1 : 0) : Buffer.compare(Buffer.from(a), Buffer.from(b));
}

const isBasic = (text: string): boolean => !/[\ud800-\udfff]/.test(text);
