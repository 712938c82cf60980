// Sets the theme before the first paint, so that a dark page never flashes white.
// biome-ignore-all lint: a plain script, run as it is
(() => {
  let asked = "auto";
  try {
    asked = localStorage.getItem("quorate.theme") ?? "auto";
  } catch {
    // Storage may be off: the system's theme then.
  }
  const dark = asked === "dark" || (asked !== "light" && matchMedia("(prefers-color-scheme: dark)").matches);
  document.documentElement.dataset.theme = dark ? "dark" : "light";
})();
