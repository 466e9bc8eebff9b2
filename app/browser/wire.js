// @ts-check
// Carries the page's questions to Python. Each pick, choice or change of tab becomes one question about the whole
// selection; the answer updates the inspector and the view that is looked at.

/** @import { Asked, Banner, Part, Studio, Turn, WireServer } from "./types.js" */
/** @import { Wire } from "./frame.js" */
import { createLine, GONE } from "./line.js";

const PATIENCE = 4000;

/**
 * @param {Studio} studio
 * @param {Part<Wire, WireServer>} part
 */
export function wire(studio, { props, watch, server, trigger }) {
  // One question is under way at a time; whatever was selected meanwhile is asked next.
  const question = { turn: 0, since: 0, waiting: false, again: false };
  const line = createLine(server, (words) => say(words));
  // Several components may share the page: the one that was loaded last speaks.
  const me = Symbol("wire");
  studio.wire = me;

  watch("value", hear);
  studio.subscribe((kind) => {
    if (studio.wire !== me) return;
    if (kind === "pick" || kind === "choice" || kind === "tab") send();
    if (kind !== "ask" || !studio.asked) return;
    const { event } = studio.asked;
    if (event === "show" || event === "run") wait(event, studio.asked);
    if (event === "cancel") cancel();
  });
  hear();

  // Picks go straight to the studio and their answers straight to the views: events would take twice as long.
  /** @returns {Promise<void>} */
  async function send() {
    const { key, live, example } = studio.photo;
    // Nothing could be opened: why, the page says.
    if (!live && !studio.wanted) return;
    studio.set("waiting", { waiting: true });
    question.again = question.waiting && performance.now() - question.since < PATIENCE;
    if (question.again) return;
    Object.assign(question, { turn: question.turn + 1, since: performance.now(), waiting: true });
    const { turn } = question;
    const answer = await server.pick({ ...studio.selection(), key: live ? key : null, ex: example }).catch(() => null);
    // Meanwhile something else was asked, or another photo is shown.
    if (turn !== question.turn) return;
    question.waiting = false;
    if (question.again || (live && key !== studio.photo.key)) return send();
    if (answer) studio.set("answer", { answer });
    else say(GONE, "alarm");
    if (answer?.again && !studio.wanted) studio.want({ example: answer.again, quiet: true });
    studio.set("waiting", { waiting: false });
  }

  // What was asked for has ended, with a photo or without. Its key names photo and checkpoint: both may be another.
  function hear() {
    const { photo, ended, options } = props.value ?? {};
    const wanted = ended && studio.wanted?.ticket === ended ? studio.wanted : null;
    const other = Boolean(photo && (photo.key !== studio.photo.key || photo.live !== studio.photo.live));
    if (wanted) studio.wanted = null;
    if (wanted?.region === null) studio.region = null;
    if (options && !studio.touched) studio.options = options;
    if (photo && other) {
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

  /**
   * @param {Turn} kind
   * @param {Asked} asked
   */
  async function wait(kind, { tab }) {
    const ticket = line.join(kind);
    if (kind === "show" && studio.wanted) studio.wanted.ticket = ticket;
    const outcome = await line.turn(kind, ticket);
    if (outcome === "given up") return;
    if (outcome !== "come") return refuse(kind, outcome.refused);
    if (kind === "run") studio.underWay = ticket;
    const what =
      kind === "show" ? { ...studio.wanted, ex: studio.wanted?.example } : { key: studio.photo.key, tab: tab ?? studio.tab };
    trigger(kind, { ...studio.selection(), ...what, ticket });
  }

  function cancel() {
    line.leave("run");
    if (studio.underWay) server.leave_line(studio.underWay);
    studio.underWay = null;
  }

  /**
   * @param {Turn} kind
   * @param {string} words
   */
  function refuse(kind, words) {
    say(words, "alarm");
    studio.set("refused", { refused: { kind, words } });
    if (kind === "show") studio.settle();
  }

  /**
   * @param {string} banner
   * @param {Banner["kind"]} [kind]
   */
  function say(banner, kind = "busy") {
    studio.set("banner", { banner: { banner, kind } });
  }
}
