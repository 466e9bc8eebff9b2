// Carries the page's events to Python. Each pick, choice or change of tab becomes one question about the whole
// selection; the answer updates the inspector and the view that is looked at.
const PATIENCE = 4000;
// Events that Python answers, beside "pick".
const EVENTS = ["photo", "example", "checkpoint", "run", "cancel"];
// One question is under way at a time; whatever was selected meanwhile is asked next.
const asked = { turn: 0, since: 0, waiting: false, again: false };
// Several components share the page: the one that was loaded last speaks.
const me = Symbol("wire");
studio.wire = me;

watch("value", hear);
studio.subscribe((kind) => {
  if (studio.wire !== me) return;
  if (["pick", "choice", "tab"].includes(kind)) send();
  if (kind === "ask" && EVENTS.includes(studio.asked.event)) trigger(studio.asked.event, { ...studio.selection(), ...studio.asked });
});
hear();

function send() {
  studio.set("waiting", { waiting: true });
  asked.again = asked.waiting && performance.now() - asked.since < PATIENCE;
  if (asked.again) return;
  Object.assign(asked, { turn: asked.turn + 1, since: performance.now(), waiting: true });
  trigger("pick", { ...studio.selection(), turn: asked.turn });
}

function hear() {
  const value = props.value;
  if (!value) return;
  if (value.photo && value.photo.key !== studio.photo.key) {
    studio.set("photo", { photo: value.photo });
    // The visitor may have moved on while this was computed.
    if (studio.touched) return send();
  }
  if (value.turn !== undefined && value.turn !== asked.turn) return;
  asked.waiting = false;
  if (asked.again) return send();
  studio.set("waiting", { waiting: false });
}
