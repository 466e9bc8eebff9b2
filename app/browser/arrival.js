// @ts-check
// What only the page itself can see: that the studio's answers cannot reach it, or that its modules did not. Stands in
// the page, so that it speaks where they do not.
{
  const tell = (/** @type {string} */ words) => {
    const told = document.createElement("div");
    told.id = "wrong-address";
    told.setAttribute("role", "alert");
    told.style.cssText =
      "position:fixed;inset:0 0 auto 0;z-index:10000;padding:12px 16px;background:#b3261e;color:#fff;font:15px/1.4 sans-serif";
    told.textContent = words;
    document.body.append(told);
  };
  // A reverse proxy may serve the studio under a path that it was not told: then none of its questions arrives, and the
  // page would wait for ever.
  const path = (/** @type {string | undefined} */ address) => new URL(address || "/", location.href).pathname.replace(/\/+$/, "");
  const here = path(location.href);
  if (path(window.gradio_config?.root) !== here) {
    tell(
      here
        ? `This page is served under ${here}, which the studio was not told, so nothing here can answer. ` +
            `Start it with: python app/main.py --root-path ${here}`
        : "The studio was started with --root-path, but this page is not under that path, so nothing here can answer. " +
            "Open the address of the reverse proxy, or start it without --root-path.",
    );
  }
  document.querySelector("script[data-tabs]")?.addEventListener("error", () => {
    tell("A part of this page did not arrive from the studio. Is it still running? Then reload the page.");
  });
}
