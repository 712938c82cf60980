/** What a tool needs of the world: where it writes, how it waits, what it may ask. */
export interface ToolIo {
  out(text: string): void;
  err(text: string): void;
  sleep(ms: number): Promise<void>;
  /** Asks on the terminal without echo. @throws Error when there is no terminal. */
  askSecret(prompt: string): Promise<string>;
}

export function processIo(): ToolIo {
  return {
    out: (text) => process.stdout.write(text),
    err: (text) => process.stderr.write(text),
    sleep: (ms) => new Promise((resolve) => setTimeout(resolve, ms)),
    askSecret,
  };
}

async function askSecret(prompt: string): Promise<string> {
  const { stdin, stderr } = process;
  if (!stdin.isTTY) throw new Error("cannot ask for a password: standard input is no terminal");
  stderr.write(prompt);
  stdin.setRawMode(true);
  stdin.setEncoding("utf8");
  try {
    let text = "";
    for await (const chunk of stdin as AsyncIterable<string>) {
      for (const char of chunk) {
        if (char === "\r" || char === "\n") return text;
        if (char === "\u0003") throw new Error("interrupted");
        text = char === "\u007f" ? text.slice(0, -1) : text + char;
      }
    }
    return text;
  } finally {
    stdin.setRawMode(false);
    stdin.pause();
    stderr.write("\n");
  }
}
