/** A model of the gateway's producer side: the protocol as plainly as it can be written, with faults on demand. */
export class ModelGateway {
  /** `${id}/${epoch}` -> last applied seq */
  producers = new Map();
  uuids = new Set();
  /** Events in the order in which they were applied. */
  applied = [];
  window = 4;
  bytes = 262_144;
  level = 0;
  refuse = (event) => (event.event === "bad" ? "schema:event" : null);

  connect() {
    return new ModelSession(this);
  }

  welcome(id, epoch, nextSeq) {
    const known = this.producers.get(`${id}/${epoch}`);
    const last = known ?? nextSeq - 1;
    if (known === undefined) this.producers.set(`${id}/${epoch}`, last);
    return { known: known !== undefined, last_seq: last };
  }

  /** `POST /v1/events`: status and reply. A producer that is not known begins with 1, else something is missing. */
  post(body) {
    const { producer, seq, events } = JSON.parse(body);
    const key = `${producer.id}/${producer.epoch}`;
    const last = this.producers.get(key) ?? 0;
    if (seq > last + 1) return { status: 409, reply: { want: last + 1 } };
    return { status: 200, reply: { seq, verdicts: seq > last ? this.apply(key, { seq, events }) : [] } };
  }

  apply(key, batch) {
    const verdicts = [];
    batch.events.forEach((event, index) => {
      const reason = this.refuse(event);
      if (reason) verdicts.push([batch.seq, index, "drop", reason]);
      else if (this.uuids.has(event.uuid)) verdicts.push([batch.seq, index, "duplicate", "uuid"]);
      else {
        this.uuids.add(event.uuid);
        this.applied.push(event);
      }
    });
    this.producers.set(key, batch.seq);
    return verdicts;
  }
}

class ModelSession {
  constructor(gateway) {
    this.gateway = gateway;
    this.used = 0;
    this.nacked = 0;
  }

  /** Answers of the gateway to one frame. */
  receive(frame) {
    const message = JSON.parse(frame);
    if (message.type === "hello") return [this.#hello(message)];
    if (message.type === "batch") return this.#batch(message, Buffer.byteLength(frame));
    return [];
  }

  #credit() {
    const last = this.gateway.producers.get(this.key);
    this.maxSeq = Math.max(this.maxSeq ?? 0, last + this.gateway.window);
    this.maxBytes = Math.max(this.maxBytes ?? 0, this.used + this.gateway.bytes);
    return { max_seq: this.maxSeq, max_bytes: this.maxBytes };
  }

  #hello({ producer }) {
    this.key = `${producer.id}/${producer.epoch}`;
    const resume = this.gateway.welcome(producer.id, producer.epoch, producer.next_seq);
    return {
      type: "welcome",
      heartbeat_ms: 25_000,
      limits: { max_frame: 262_144, max_events: 500, max_depth: 16 },
      resume,
      credit: this.#credit(),
      flush_ms: 500,
      level: this.gateway.level,
    };
  }

  #batch(batch, bytes) {
    this.used += bytes;
    if (batch.seq > this.maxSeq || this.used > this.maxBytes) throw new Error(`beyond credit: seq ${batch.seq}`);
    const last = this.gateway.producers.get(this.key);
    let verdicts = [];
    if (batch.seq > last + 1) {
      if (this.nacked === last + 1) return [];
      this.nacked = last + 1;
      return [{ type: "nack", want: last + 1 }];
    }
    if (batch.seq === last + 1) verdicts = this.gateway.apply(this.key, batch);
    const seq = this.gateway.producers.get(this.key);
    return [{ type: "ack", seq, credit: this.#credit(), level: this.gateway.level, flush_ms: 500, verdicts }];
  }
}
