// Carries the page's questions to Python. Each pick, choice or change of tab becomes one question about the whole
// selection; the answer updates the inspector and the view that is looked at.
const PATIENCE = 4000;
// Events that take the network's time: the page waits in the line for them. "cancel" and "pick" do not.
const EVENTS = ["show", "run"];
const ASK_AGAIN = 600;
const GONE = "The studio does not answer. Is it still running? Nothing on this page is lost; try again.";
// One question is under way at a time; whatever was selected meanwhile is asked next.
const asked = { turn: 0, since: 0, waiting: false, again: false };
// Tickets with which this page waits: one for what is shown, one for what the view still computes. The one with which
// that is being computed is `studio.underWay`: what comes with another was asked for before the visitor moved on.
const tickets = { show: null, run: null };
// Several components share the page: the one that was loaded last speaks.
const me = Symbol("wire");
studio.wire = me;

watch("value", hear);
studio.subscribe((kind) => {
  if (studio.wire !== me) return;
  if (["pick", "choice", "tab"].includes(kind)) send();
  if (kind !== "ask") return;
  const { event } = studio.asked;
  if (EVENTS.includes(event)) wait(event, studio.asked);
  if (event === "cancel") cancel();
});
hear();

// Picks go straight to the studio and their answers straight to the views: events would take twice as long.
async function send() {
  const { key, live, example } = studio.photo;
  // Nothing could be opened: why, the page says.
  if (!live && !studio.wanted) return;
  studio.set("waiting", { waiting: true });
  asked.again = asked.waiting && performance.now() - asked.since < PATIENCE;
  if (asked.again) return;
  Object.assign(asked, { turn: asked.turn + 1, since: performance.now(), waiting: true });
  const { turn } = asked;
  const answer = await server.pick({ ...studio.selection(), key: live ? key : null, ex: example }).catch(() => null);
  // Meanwhile something else was asked, or another photo is shown.
  if (turn !== asked.turn) return;
  asked.waiting = false;
  if (asked.again || (live && key !== studio.photo.key)) return send();
  if (answer) studio.set("answer", { answer });
  else say(GONE, "alarm");
  if (answer?.again && !studio.wanted) studio.want({ example: answer.again, quiet: true });
  studio.set("waiting", { waiting: false });
}

// What was asked for has ended, with a photo or without. Its key names photo and checkpoint: both may be another.
function hear() {
  const { photo, ended, options } = props.value ?? {};
  const wanted = ended && studio.wanted?.ticket === ended ? studio.wanted : null;
  const other = photo && (photo.key !== studio.photo.key || photo.live !== studio.photo.live);
  if (wanted) studio.wanted = null;
  if (options && !studio.touched) studio.options = options;
  if (other) {
    // What the view before still computes, nobody looks at any more.
    cancel();
    studio.see(photo);
  }
  // Back leads to what was shown before. What was asked for by Back, or did not come, is nothing new.
  if (wanted && studio.photo.live) studio.remember(other && !wanted.quiet ? "pushState" : "replaceState");
  if (wanted) studio.settle();
  // The visitor may have moved on while this was computed.
  if ((other || wanted) && studio.touched) send();
}

// Ask for the turn until it comes. Whoever asks for something else meanwhile gives up the former place.
async function wait(kind, { tab }) {
  if (tickets[kind]) server.leave_line(tickets[kind]);
  const ticket = (tickets[kind] = newTicket());
  if (kind === "show") studio.wanted.ticket = ticket;
  let said = false;
  while (tickets[kind] === ticket) {
    const place = await server.ask_line(ticket);
    if (tickets[kind] !== ticket) return;
    if (!place) return refuse(kind, GONE);
    if (place.full) return refuse(kind, `The analysis queue is full. Try again in about ${place.seconds} s.`);
    if (place.turn) break;
    said = say(`Waiting: ${place.before} before you`);
    await new Promise((resolve) => setTimeout(resolve, ASK_AGAIN));
  }
  if (tickets[kind] !== ticket) return;
  tickets[kind] = null;
  if (kind === "run") studio.underWay = ticket;
  if (said) say("");
  const { key } = studio.photo;
  const what = kind === "show" ? { ...studio.wanted, ex: studio.wanted.example } : { key, tab: tab ?? studio.tab };
  trigger(kind, { ...studio.selection(), ...what, ticket });
}

function cancel() {
  if (tickets.run) say("");
  [tickets.run, studio.underWay].filter(Boolean).forEach((ticket) => server.leave_line(ticket));
  tickets.run = studio.underWay = null;
}

function refuse(kind, words) {
  tickets[kind] = null;
  say(words, "alarm");
  studio.set("refused", { refused: { kind, words } });
  if (kind === "show") studio.settle();
}

function say(banner, kind = "busy") {
  studio.set("banner", { banner: { banner, kind } });
  return true;
}

// 32 random digits: nobody takes the place of somebody else.
function newTicket() {
  return [...crypto.getRandomValues(new Uint8Array(16))].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}
