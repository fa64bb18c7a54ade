// Saves the answer without a reload, then lets load what it granted. Without this file the form works by itself.
(d => {
  "use strict";
  const all = (list, f) => [...list].forEach(x => { try { f(x) } catch (e) { console.error(e) } });
  const attribute = (e, name) => e.getAttribute("data-cg-" + name) || "";

  // Where the site's list of trusted types does not name ours, plain strings must do.
  let tt;
  try {
    const same = s => s;
    tt = trustedTypes.createPolicy("cookiegate", { createHTML: same, createScript: same, createScriptURL: same });
  } catch { }
  const trust = (name, s) => !tt ? s : /^on|^$/.test(name) ? tt.createScript(s) : name == "srcdoc" ? tt.createHTML(s) : tt.createScriptURL(s);

  // What is held names its services and, in the same order, their purposes; a web beacon has one word more.
  let services, grants;
  const may = (...words) => {
    const [ids, purposes] = words.map(s => s.match(/[^\s+]+/g) || []);
    const has = (from, id) => Object.hasOwn(from, id) && from[id] === true;
    return ids.length && ids.every((id, i) => Object.hasOwn(services, id) ? has(services, id) : has(grants, purposes[i]))
      && (!purposes[ids.length] || has(grants, purposes[ids.length]));
  };
  // Within CSS and rules the same stands in front of the address.
  const freed = text => text.replace(/data:,cg:([^:]*):([^:]*):/g, (held, ids, purposes) => may(ids, purposes) ? "" : held);
  // What an attribute was called before it was held; nothing for those that only say whose it is.
  // (SVG reads href without xlink as well.)
  const before = name => /^data-cg-(service|purpose)$/.test(name) ? "" : name.replace(/^data-cg-(?!keep$)(xlink:)?/, "");

  // What is no script gets its attributes back where it stands.
  const open = e => {
    all(e.attributes, ({ name, value }) => {
      const was = before(name);
      if (was == name) return;
      e.removeAttribute(name);
      if (was) e.setAttribute(was, trust(was, value));
    });
    if (e.localName == "source" && e.parentNode.load) e.parentNode.load();
  };

  // A script that was parsed as text never runs by itself: a new one takes its place.
  const fresh = (old, held) => {
    const s = old.ownerDocument.createElementNS(old.namespaceURI, old.localName);
    all(old.attributes, ({ name, value }) => {
      const was = before(name);
      if (was && !(held && name == "type")) s.setAttribute(was, trust(was, value));
    });
    s.nonce = old.nonce;
    s.textContent = trust("", freed(old.textContent));
    s.async = s.hasAttribute("async");
    return s;
  };
  const outside = s => s.hasAttribute("src") || s.hasAttribute("href");
  const isJs = s => /^(|(text|application)\/(x-)?(java|ecma|j|live)script(1\.\d)?)$/i.test((s.type || "").trim());
  const queue = [];
  let written = "", running;
  const run = async () => {
    if (running) return;
    running = 1;
    const own = Object.hasOwn(d, "write") && [d.write, d.writeln];
    // After loading, document.write would wipe the page: what is written goes behind the script that wrote it.
    const put = (...parts) => { written += parts.join("") };
    d.write = put;
    d.writeln = (...parts) => put(...parts, "\n");
    for (let old; old = queue.shift();) {
      try {
        // Somebody else, such as the page around this one, may have let it load already.
        if (!old.isConnected) continue;
        const s = fresh(old, attribute(old, "service"));
        const waits = outside(s) && !s.async && !s.noModule && isJs(s) && new Promise(next => {
          s.addEventListener("load", next);
          s.addEventListener("error", next);
          // A server that never answers does not hold up what stands behind it.
          setTimeout(next, 9e3);
        });
        old.replaceWith(s);
        await waits;
        if (written) {
          const page = new DOMParser().parseFromString(tt ? tt.createHTML(written) : written, "text/html");
          written = "";
          queue.unshift(...page.scripts);
          s.after(...page.head.childNodes, ...page.body.childNodes);
        }
      } catch (e) { console.error(e) }
    }
    if (own) [d.write, d.writeln] = own;
    else delete d.write, delete d.writeln;
    running = 0;
  };
  const activate = state => {
    const late = [];
    ({ services, grants } = state);
    // Frames and shadows of this site too. Modules' addresses were settled when the page loaded.
    const visit = root => all(root.querySelectorAll("*"), e => {
      const inside = e.shadowRoot || e.contentDocument, script = e.localName == "script";
      if (may(attribute(e, "service"), attribute(e, "purpose"))) {
        if (script && e.type == "text/plain") {
          // As the parser does: modules, and what is deferred, come last.
          const type = attribute(e, "type").trim().toLowerCase();
          (!e.hasAttribute("async") && (type == "module" || e.hasAttribute("defer") && attribute(e, "src")) ? late : queue).push(e);
        } else open(e);
      }
      if (e.localName == "style" || e.type == "speculationrules") {
        const text = freed(e.textContent);
        if (text != e.textContent) script ? e.replaceWith(fresh(e)) : e.textContent = text;
      }
      all(e.attributes, a => {
        // A document that is shut off from us gets its text back, and begins anew.
        const { name, value } = a, now = name != "srcdoc" ? freed(value) : inside ? value : freed(value).replace(
          /( type="text\/plain")? data-cg-service="([^"]*)" data-cg-purpose="([^"]*)"((?:[^>"']|"[^"]*"|'[^']*')*)/g,
          (held, type, ids, purposes, rest) => may(ids, purposes) ? rest.replace(/([\s"'/])data-cg-(?!keep)/g, "$1") : held
        );
        if (now != value) e.setAttribute(name, trust(name, now));
      });
      if (inside) visit(inside);
    });
    visit(d);
    queue.push(...late);
    return run();
  };

  const say = state => {
    d.dispatchEvent(new CustomEvent("cookiegate:change", { detail: state }));
    activate(state);
  };
  const read = answer => answer.ok ? answer.json() : Promise.reject(answer);
  const type = "application/json", card = d.getElementById("cg"), address = d.currentScript?.getAttribute("data-cg-state");
  let way, sent;
  const hide = e => {
    e.hidden = true;
    e.style.setProperty("display", "none", "important");
  };
  // The way back stands where the card stood, unless the page has one of its own.
  const leave = focused => {
    if ([...d.links].some(a => a != way && a.href == way.href)) return;
    const a = d.createElement("a");
    a.id = "cg-l";
    a.href = way.href;
    a.lang = card.lang;
    a.dir = card.dir;
    a.textContent = attribute(card, "back");
    card.after(a);
    if (focused) a.focus({ preventScroll: true });
  };
  if (card) {
    const form = card.querySelector("form");
    // A Content-Security-Policy stays as it came, so what is granted may load with the next page only.
    let plain = attribute(card, "reload");
    way = card.querySelector(".cg-quiet");
    form.addEventListener("submit", event => {
      const button = event.submitter;
      if (plain || !button) return;
      event.preventDefault();
      const focused = card.contains(d.activeElement);
      sent = 1;
      hide(card);
      fetch(way.href, { method: "POST", keepalive: true, headers: { "Content-Type": type, Accept: type }, body: JSON.stringify({ action: button.value }) })
        .then(read)
        .then(state => {
          leave(focused);
          say(state);
        }, () => {
          plain = 1;
          form.requestSubmit(button);
        });
    });
    // To close is to refuse.
    card.addEventListener("keydown", event => {
      if (event.key == "Escape") card.querySelector("[value=reject-all]").click();
    });
  }

  // A page for everyone has all of it held, and learns here who is there. An answer given meanwhile is newer.
  if (address) {
    const parsed = new Promise(go => d.readyState == "complete" ? go() : ["DOMContentLoaded", "load"].forEach(name => addEventListener(name, go)));
    // The page around a frame asks for both.
    if (self != top) all(d.querySelectorAll("#cg,#cg-l"), hide);
    fetch(address, { cache: "no-store", headers: { Accept: type } }).then(read).then(state => {
      if (sent) return;
      if (card && state.answered) {
        hide(card);
        if (self == top) leave();
      }
      const signal = card?.querySelector(".cg-gpc");
      if (signal) signal.hidden = !state.signals.gpc;
      return parsed.then(() => sent || say(state));
    }).catch(console.error).then(() => card?.removeAttribute("data-cg-wait"));
  }

  // On the settings page the switch of a purpose takes its services along, as saving would.
  d.addEventListener("change", ({ target }) => {
    const row = target.closest("#cg-settings li");
    if (row) all(row.querySelectorAll("[name^='service:']"), s => { s.checked = target.checked });
  });
})(document);
