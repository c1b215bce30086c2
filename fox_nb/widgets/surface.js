// The surface's browser side: the models of its controls, their one line to the kernel, and where each is drawn.
const same = (one, other) => one === other || JSON.stringify(one) === JSON.stringify(other);

/** One control's model, as its module sees it: what the kernel says of it, and a way to answer. */
class Part {
  constructor(host, { id, module, children, ...state }) {
    Object.assign(this, { host, id, module, children, state, listeners: new Map() });
  }

  /** Which page this is: others may show the same surface, and a press is made in one. */
  get page() {
    return this.host.page;
  }

  get(name) {
    return this.state[name];
  }

  set(name, value) {
    this.update({ [name]: value });
  }

  /** Take over several values, then tell of each that is another than before. */
  update(values) {
    const changed = Object.keys(values).filter((name) => !same(this.state[name], values[name]));
    for (const name of changed) this.state[name] = values[name];
    for (const name of changed) this.tell(`change:${name}`);
    if (changed.length) this.tell("change");
  }

  on(event, callback) {
    this.listeners.set(event, [...(this.listeners.get(event) ?? []), callback]);
  }

  off(event, callback) {
    this.listeners.set(event, (this.listeners.get(event) ?? []).filter((one) => one !== callback));
  }

  tell(event, ...facts) {
    for (const callback of this.listeners.get(event) ?? []) callback(...facts);
  }

  send(said, buffers = []) {
    this.host.send({ part: this.id, said }, buffers);
  }

  /** What another control has as its value here: kernels with subshells may hear of it after what is sent now. */
  valueHere(id) {
    return this.host.parts.get(id)?.get("value");
  }

  valuesOf(ids) {
    return Object.fromEntries(ids.map((id) => [id, this.valueHere(id)]).filter(([, value]) => value !== undefined));
  }

  /** The same model for one drawing of it: what it listens to and what it draws inside end with it. */
  drawn(ends) {
    const view = Object.create(this);
    view.on = (event, callback) => {
      this.on(event, callback);
      ends.push(() => this.off(event, callback));
    };
    view.draw = (id, el) => this.host.draw(id, el, ends);
    return view;
  }
}

export default () => {
  const parts = new Map();
  const host = { parts, page: Math.random().toString(36).slice(2) };

  host.draw = (id, el, ends) => {
    const part = parts.get(id);
    const end = part.control.render({ model: part.drawn(ends), el });
    if (end) ends.push(end);
  };

  return {
    initialize({ model }) {
      host.send = (content, buffers) => model.send(content, undefined, buffers);
      for (const state of model.get("parts")) {
        const part = new Part(host, state);
        const made = MODULES[part.module];
        part.control = typeof made === "function" ? made() : made;
        parts.set(part.id, part);
      }
      for (const part of parts.values()) part.control.initialize?.({ model: part });
      model.on("msg:custom", ({ part, said, set }, buffers) => {
        if (set) parts.get(part)?.update(set);
        else parts.get(part)?.tell("msg:custom", said, buffers);
      });
      // With what was known here: what has changed since the kernel said it is sent anew.
      model.send({ ready: true, parts: model.get("parts") });
    },
    render({ model, el }) {
      const ends = [];
      host.draw(model.get("parts")[0].id, el, ends);
      return () => ends.forEach((end) => end());
    },
  };
};
