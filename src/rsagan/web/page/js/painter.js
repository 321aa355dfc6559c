// Asks for pictures. While the hand moves there is one preview under way and at most one wanted; older ones are
// forgotten, so nothing ever queues up behind the hand. On release the full result is asked for.

import { ApiError, call, pause } from "./api.js";

export class Painter {
  // `source(anew)` gives the name of the person; `anew` if the service has let them go; `background(anew)` what it
  // calls the background.
  constructor({ source, background, onPreview, onResult, onBusy, onError }) {
    Object.assign(this, { source, background, onPreview, onResult, onBusy, onError });
    this.hand = crypto.getRandomValues(new Uint32Array(2)).join("-");
    this.wanted = null;
    this.flying = false;
    this.turn = 0;
    this.fullTurn = 0; // previews asked for before it come too late
    this.asking = null; // the full result under way
    this.painted = 0; // previews shown, for whoever measures
  }

  preview(pose) {
    this.turn += 1;
    this.wanted = { pose, turn: this.turn };
    if (!this.flying) this.#fly();
  }

  async #fly() {
    this.flying = true;
    let shown = null; // the next preview is painted while the browser still decodes this one
    try {
      while (this.wanted) {
        const { pose, turn } = this.wanted;
        this.wanted = null;
        try {
          const blob = await this.#ask({ pose, keep_place: true, preview: this.hand }, { as: "blob", tries: 0 });
          await shown;
          if (turn >= this.fullTurn) shown = this.onPreview(blob).then(() => (this.painted += 1));
        } catch (error) {
          if (!(error instanceof ApiError)) throw error;
          if (error.status !== 409) await pause(250);
        }
      }
    } finally {
      this.flying = false; // whatever happened: the next move may ask again
    }
  }

  // Another picture is shown instead: what is under way is given up, and comes too late.
  drop() {
    this.fullTurn = this.turn += 1;
    this.wanted = null;
    this.asking?.abort();
    this.onBusy(false);
  }

  // The full result; resolves to it, or to null if a newer one was wanted meanwhile or it failed. The one that was
  // under way is given up, so that the service need not paint it.
  async full(pose, keepPlace = true) {
    this.turn += 1;
    const turn = (this.fullTurn = this.turn);
    this.wanted = null;
    this.asking?.abort();
    this.asking = new AbortController();
    this.onBusy(true);
    try {
      const { signal } = this.asking;
      const result = await this.#ask({ pose, keep_place: keepPlace }, { signal, as: "json" });
      if (turn !== this.turn) return null;
      await this.onResult(result);
      return result;
    } catch (error) {
      if (error.name === "AbortError") return null;
      if (!(error instanceof ApiError)) throw error;
      if (turn === this.turn) this.onError(error);
      return null;
    } finally {
      if (turn === this.fullTurn) this.onBusy(false);
    }
  }

  // One frame of an animation, as a JPEG; the caller asks for one after the other.
  frame(pose) { return this.#ask({ pose, keep_place: true, preview: `${this.hand}-play` }, { as: "blob" }); }

  async #ask(asked, how, again = true) {
    try {
      const [source, background] = await Promise.all([this.source(false), this.background(false)]);
      const json = { source, background, ...asked };
      return await call("/v1/generate", { method: "POST", json, ...how });
    } catch (error) {
      if (!again || error.status !== 404) throw error;
      await Promise.all([this.source(true), this.background(true)]); // the service has let one of them go
      return this.#ask(asked, how, false);
    }
  }
}
