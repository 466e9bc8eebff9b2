// The download menu. What is taken along comes in the answer of the studio and becomes a file here: nothing stays there.
const menu = frame.querySelector(".menu");
// Twice what is seen, for slides and print.
const SHARP = 2;
const WIDE = 1120;
const WORDS = { zip: "Packing numbers and pictures …", report: "Writing the report …", picture: "Drawing the view …" };

menu.addEventListener("click", (event) => {
  const what = event.target.closest?.("[data-download]")?.dataset.download;
  if (what) takeAlong(what);
});
menu.addEventListener("keydown", (event) => {
  if (event.key === "Escape") closeMenu();
});
document.addEventListener("click", (event) => {
  if (!menu.contains(event.target)) menu.open = false;
});

// Gradio's own page about the endpoints. Its button stands in the footer, which is hidden; asked for by the address alone
// it does not open, and the first click then only closes what was never drawn.
menu.querySelector("[data-action=api]").addEventListener("click", openApi);
if (new URLSearchParams(location.search).get("view") === "api") setTimeout(openApi, 1000);

async function openApi() {
  menu.open = false;
  const shown = () => document.querySelector(".api-docs");
  for (let tries = 0; tries < 3 && !shown(); tries++) {
    document.querySelector("footer .show-api")?.click();
    for (let waited = 0; waited < 40 && !shown(); waited++) await new Promise((resolve) => setTimeout(resolve, 100));
  }
}

function closeMenu() {
  menu.open = false;
  menu.querySelector("summary").focus();
}

async function takeAlong(what) {
  menu.open = false;
  if (menu.dataset.busy) return;
  menu.dataset.busy = "yes";
  tell(WORDS[what], "busy");
  try {
    await studio.settled();
    if (!studio.photo.live) throw new Error("No network could be opened, so there is nothing to take along. Choose another checkpoint.");
    const made = await server.take_along({ ...studio.selection(), what, key: studio.photo.key, link: studio.link(studio.photo) });
    if (!made) throw new Error("The studio does not answer. Is it still running?");
    if (made.problem) throw new Error(made.problem);
    offer(made.name, made.html ? await drawn(made.html) : new Blob([bytesOf(made.data)], { type: made.type }));
    tell("");
  } catch (problem) {
    tell(problem.message, "alarm");
  } finally {
    delete menu.dataset.busy;
  }
}

function tell(banner, kind = "") {
  studio.set("banner", { banner: { banner, kind } });
}

function offer(name, blob) {
  const address = URL.createObjectURL(blob);
  const link = make("a", { href: address, download: name });
  document.body.append(link);
  link.click();
  link.remove();
  setTimeout(() => URL.revokeObjectURL(address), 60000);
}

function bytesOf(base64) {
  return Uint8Array.from(atob(base64), (letter) => letter.charCodeAt(0));
}

// Lays still HTML out unseen, draws it through an SVG, and reads the pixels back.
async function drawn(html) {
  const place = make("iframe", {
    "aria-hidden": "true",
    tabindex: -1,
    style: { position: "fixed", left: "-9999px", width: `${WIDE}px`, height: "10px", border: "0" },
  });
  document.body.append(place);
  try {
    place.contentDocument.body.style.margin = "0";
    place.contentDocument.body.innerHTML = html;
    const sheet = place.contentDocument.body.firstElementChild;
    await Promise.all([...sheet.querySelectorAll("img")].map((picture) => picture.decode().catch(() => null)));
    const height = Math.ceil(sheet.getBoundingClientRect().height);
    const text = new XMLSerializer().serializeToString(sheet);
    const size = `width="${SHARP * WIDE}" height="${SHARP * height}" viewBox="0 0 ${WIDE} ${height}"`;
    const page = `<foreignObject width="${WIDE}" height="${height}">${text}</foreignObject>`;
    const source = `<svg xmlns="http://www.w3.org/2000/svg" ${size}>${page}</svg>`;
    const picture = Object.assign(new Image(), { src: `data:image/svg+xml;charset=utf-8,${encodeURIComponent(source)}` });
    await picture.decode();
    const canvas = Object.assign(document.createElement("canvas"), { width: SHARP * WIDE, height: SHARP * height });
    const context = canvas.getContext("2d");
    context.drawImage(picture, 0, 0);
    const blob = await new Promise((resolve) => canvas.toBlob(resolve, "image/png"));
    if (!blob) throw new Error("empty");
    return blob;
  } catch {
    throw new Error("This browser could not draw the view. Take the report instead: it holds the same pictures.");
  } finally {
    place.remove();
  }
}
