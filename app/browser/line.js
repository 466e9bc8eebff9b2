// @ts-check
// The page's place in the studio's waiting line (`app/waiting/line.py`). Whoever wants the network takes a ticket and asks for the
// turn until it comes; whoever asks for something else meanwhile gives up the former place.

/** @import { LineServer, Turn } from "./types.js" */

const ASK_AGAIN = 600;
export const GONE = "The studio does not answer. Is it still running? Nothing on this page is lost; try again.";

/**
 * @param {LineServer} server
 * @param {(words: string) => void} say - Told how many are served earlier, and nothing when the turn has come.
 * @param {number} [pause] - Milliseconds between two questions.
 */
export function createLine(server, say, pause = ASK_AGAIN) {
  /** The tickets with which this page waits. @type {Record<Turn, string | null>} */
  const tickets = { show: null, run: null, take: null };

  return {
    /**
     * Go to the end of the line.
     *
     * @param {Turn} kind
     */
    join(kind) {
      if (tickets[kind]) server.leave_line(tickets[kind]);
      return (tickets[kind] = newTicket());
    },

    /**
     * Ask until the turn comes.
     *
     * @param {Turn} kind
     * @param {string} ticket
     * @returns {Promise<"come" | "given up" | { refused: string }>}
     */
    async turn(kind, ticket) {
      let said = false;
      while (tickets[kind] === ticket) {
        const place = await server.ask_line(ticket).catch(() => null);
        if (tickets[kind] !== ticket) break;
        if (!place || place.full) {
          tickets[kind] = null;
          return { refused: place ? `The analysis queue is full. Try again in about ${place.seconds} s.` : GONE };
        }
        if (place.turn) {
          tickets[kind] = null;
          if (said) say("");
          return "come";
        }
        said = true;
        say(`Waiting: ${place.before} before you`);
        await new Promise((resolve) => setTimeout(resolve, pause));
      }
      return "given up";
    },

    /**
     * Give up the place, if there is one.
     *
     * @param {Turn} kind
     */
    leave(kind) {
      const ticket = tickets[kind];
      if (!ticket) return;
      tickets[kind] = null;
      say("");
      server.leave_line(ticket);
    },
  };
}

/** 32 random digits: nobody takes the place of somebody else. */
export function newTicket() {
  return [...crypto.getRandomValues(new Uint8Array(16))].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}
