// A reverse proxy may serve the studio under a path that it was not told: then none of its questions arrives, and the
// page would wait for ever. Only the page can see that.
{
  const path = (address) => new URL(address || "/", location.href).pathname.replace(/\/+$/, "");
  const here = path(location.href);
  if (path(window.gradio_config?.root) !== here) {
    const told = document.createElement("div");
    told.id = "wrong-address";
    told.setAttribute("role", "alert");
    told.style.cssText =
      "position:fixed;inset:0 0 auto 0;z-index:10000;padding:12px 16px;background:#b3261e;color:#fff;font:15px/1.4 sans-serif";
    told.textContent = here
      ? `This page is served under ${here}, which the studio was not told, so nothing here can answer. ` +
        `Start it with: python app/main.py --root-path ${here}`
      : "The studio was started with --root-path, but this page is not under that path, so nothing here can answer. " +
        "Open the address of the reverse proxy, or start it without --root-path.";
    document.body.append(told);
  }
}
