// Stands before everything else in a page: what asks for a tracker at run time is held before it is asked for.
// Written to be short; docs/guard.md says what it does. The table is made by pages/guard_table.py.
(table => {
  "use strict";
  const d = document, { apply, defineProperty: define, getOwnPropertyDescriptor: described } = Reflect;
  const own = d.currentScript.dataset, page = location;
  const E = Element.prototype, raw = (o, name) => { const f = o[name]; return (self, ...args) => apply(f, self, args) };
  const [get, has, put, drop, all, fill] = ["getAttribute", "hasAttribute", "setAttribute", "removeAttribute", "querySelectorAll", "replaceChildren"].map(name => raw(E, name));
  const split = text => text.match(/\S+/g) || [];
  const each = (list, f) => { for (const x of list) try { f(x) } catch { } };

  // --- what the visitor granted
  let grants = {}, services = {};
  for (const word of split(own.cgAllow)) /^[+-]/.test(word) ? services[word.slice(1)] = word < "," : grants[word] = true;
  const may = (g, image, e) => {
    const said = e && get(e, "data-category"), asked = said in purposes && g.purpose != "unknown" ? said : g.purpose;
    return g.purpose == "necessary" || (g.id in services ? services[g.id] : grants[asked]) && (!image || !g.beacon || grants.beacons);
  };

  // --- whose something is
  const purposes = {}, rules = {}, names = {}, starts = [];
  const group = key => {
    const [id, purpose, beacon] = key.split(":");
    purposes[purpose] = 1;
    return { id: id || "unknown", purpose, beacon };
  };
  for (const list of [JSON.parse(own.cgRules || "{}"), table.rules]) for (const key in list) {
    const g = group(key);
    for (const rule of split(list[key])) {
      const [, host, path, query] = /^([^/]*)\/?([^?]*)\??(.*)/.exec(rule);
      const bare = path.replace(/\/?\*$|\/$/, "").replace(/[.+()|]/g, "\\$&").replace(/#/g, "\\d+").replace(/(^|\/)\*(?=\/|$)/g, "(?:$1[^/]+)*").replace(/\*(?!$)(?=[^)])/g, "[^/]*");
      const test = rule.includes("/") && RegExp("^/" + bare.replace(/^\(\?:\[\^\/\]\+\)\*\//, "(?:[^/]+/)*") + (/[^/]\*$/.test(path) ? "" : "(?:[/?]|$)"));
      (rules[host] ||= []).push({ g, test, asks: query && query.split("&") });
    }
  }
  for (const key in table.names) {
    const g = group(key);
    for (const name of table.names[key].split("\n")) name.includes("*") ? starts.push([name.split("*")[0], g]) : names[name] = g;
  }
  const named = name => {
    const g = Object.hasOwn(names, name) ? names[name] : (starts.find(([start]) => start && name.startsWith(start)) || [])[1];
    return g && !may(g);
  };
  let hashes;
  const unpack = () => {
    hashes = new Map;
    for (const key in table.hosts) {
      const g = group(key), [fine, count, text] = table.hosts[key].split(":"), bytes = atob(text);
      let at = 0, value = 0;
      const bit = () => bytes.charCodeAt(at >> 3) >> (at++ & 7) & 1;
      for (let n = count; n--; hashes.set(value, g)) {
        while (bit()) value += 1 << fine;
        for (let i = 0; i < fine; i++) value += bit() << i;
      }
    }
  };
  const hash = text => {
    let h = 0x811c9dc5;
    for (let i = 0; i < text.length; i++) h = Math.imul(h ^ text.charCodeAt(i), 0x1000193);
    h = Math.imul(h ^ h >>> 15, 0x2c1b3c6d);
    return (h ^ h >>> 13) >>> 32 - table.bits;
  };
  const owner = ({ hostname: host, pathname, search }) => {
    let found;
    const same = host == page.hostname;
    for (let rest = same ? "" : host.replace(/\.$/, ""); ; rest = rest.slice(rest.indexOf(".") + 1)) {
      for (const name of [rest, rest.replace(/\.(com?\.\w\w|\w+)$/, ".*")]) for (const { g, test, asks } of rules[name] || []) {
        if (!test) found ||= g;
        else if (test.test(pathname) && (!asks || asks.every(ask => ("&" + search.slice(1)).includes("&" + ask)))) return g;
      }
      if (!rest.includes(".")) return found;
      if (!found) hashes || unpack(), found = hashes.get(hash(rest));
    }
  };
  const site = host => /[^.]+\.((ac|com?|edu|go[bv]?|gv|net?|nom|or|org|sch)\.\w\w|[^.]+)$/.exec(host)?.[0] || host;
  const stranger = { id: "unknown", purpose: "beacons" }, nobody = { id: "unknown", purpose: "unknown" };
  // The group by which an address is held; nothing when it may go.
  const judge = (address, image, e, pixel) => {
    let url;
    try { url = new URL(address, d.baseURI) } catch { return }
    if (!/^(http|ws)/.test(url.protocol)) return;
    const g = owner(url);
    if (g) return may(g, image, e) ? 0 : g;
    if (table.unknown == "allow" || site(url.hostname) == site(page.hostname)) return;
    if (table.unknown == "hold") return nobody;
    if ((pixel || e && image && [e.width, e.height].some(n => n === 1) && e.width * e.height < 2) && !grants.beacons) return stranger;
  };

  // --- what is held
  const kept = [], keep = again => { kept.length < 999 && kept.push(again) };
  let held = 0;
  const words = (g, image) => g.purpose + (image && g.beacon ? " beacons" : "");
  const loads = {
    script: "src href xlink:href", img: "src srcset", iframe: "src srcdoc", frame: "src", embed: "src", object: "data", video: "src poster", audio: "src",
    source: "src srcset", track: "src", input: "src", link: "href imagesrcset", image: "href xlink:href", use: "href xlink:href", a: "ping", area: "ping",
    body: "background", table: "background", td: "background", th: "background", tr: "background"
  };
  const ways = {};
  for (const name in loads) ways[name] = split(loads[name]);
  const selector = Object.keys(ways).map(name => name == "a" ? "a[ping]" : name) + ",style,[style]";
  const isImage = name => /^(img|image|input)$/.test(name);
  // Why an attribute is held: the group; "" for one that loads nothing.
  const why = (e, local, name, value) => {
    if (!ways[local]?.includes(name) || local == "link" && /canonical|alternate|author|license|next|prev|search|help|me\b/i.test(get(e, "rel"))) return;
    const list = /set$|ping/.test(name) ? split(value.replace(/,\s/g, " ")) : [value];
    for (const one of list) {
      const g = judge(one, isImage(local), e, name == "ping");
      if (g) return g;
    }
  };
  const mark = (e, g) => {
    held = 1;
    put(e, "data-cg-service", g.id);
    put(e, "data-cg-purpose", words(g, isImage(e.localName)));
  };
  const free = (e, name) => {
    if (!held || !has(e, "data-cg-" + name)) return;
    drop(e, "data-cg-" + name);
    if (![...e.attributes].some(a => /^data-cg-(?!service|purpose)/.test(a.name))) drop(e, "data-cg-service"), drop(e, "data-cg-purpose");
  };
  const css = (text, found) => /url|import|image-set/i.test(text) ? text.replace(/(url\(\s*|@import\s+|image-set\(\s*)(["']?)(?!data:)([^"')\s;]+)/gi, (all, start, quote, address) => {
    const g = judge(address, 1);
    if (!g) return all;
    found?.();
    return start + quote + "data:,cg:" + g.id + ":" + words(g, 1).replace(" ", "+") + ":" + address;
  }) : text;
  const code = text => {
    if (!/createElement|\.src|import|Image|fetch|\.open|sendBeacon|\.write/.test(text)) return;
    for (const [, address] of text.replace(/\\\//g, "/").matchAll(/["'`](?:https?:)?(\/\/[^"'`\s\\]+\.[^"'`\s\\]+)/g)) {
      const g = judge(page.protocol + address);
      if (g) return g;
    }
  };
  const inline = e => e.localName == "script" && !has(e, "src") && !has(e, "data-cg-service") && /^$|script|module/i.test(get(e, "type") || "") && code(e.textContent);
  // True: this attribute is held, and its value kept for later.
  const stop = (e, name, value, there) => {
    const g = why(e, e.localName, name, String(value));
    if (!g) return there || free(e, name), 0;
    put(e, "data-cg-" + name, value);
    mark(e, g);
    keep(() => {
      if (get(e, "data-cg-" + name) != value || stop(e, name, value)) return;
      put(e, name.replace("xlink:", ""), value);
      e.localName == "source" && e.parentNode?.load?.();
    });
    return true;
  };
  // Holds what an element has already; true when there was something.
  const sift = e => {
    const local = e.localName;
    let some;
    for (const name of ways[local] || []) {
      const value = get(e, name);
      if (value == null) continue;
      if (name == "srcdoc") {
        const now = markup(value);
        if (now != value) put(e, name, trust(now)), some = 1;
      } else if (stop(e, name, value, 1)) drop(e, name), some = 1;
    }
    const g = inline(e);
    if (g) {
      const type = get(e, "type");
      type != null && put(e, "data-cg-type", type);
      put(e, "type", "text/plain");
      mark(e, g);
      some = 1;
    }
    const text = local == "style" ? e.textContent : get(e, "style");
    if (text) {
      const now = css(text);
      if (now != text) local == "style" ? e.textContent = now : put(e, "style", now), some = 1;
    }
    return some;
  };
  const siftAll = node => {
    let some = node.nodeType == 1 && sift(node);
    if (node.firstElementChild) for (const e of all0(node)) some = sift(e) || some;
    return some;
  };
  const all0 = node => apply(node.nodeType == 1 ? E.querySelectorAll : node.querySelectorAll, node, [selector]);

  // --- markup that is written as text
  let tt;
  const trust = text => (tt ||= window.trustedTypes?.createPolicy("cookiegate-guard", { createHTML: s => s })) ? tt.createHTML(text) : text;
  const plain = text => text.replace(/^["']|["']$/g, "").replace(/&amp;/g, "&").replace(/&#(x?)([\da-f]+);?/gi, (all, x, n) => String.fromCodePoint(parseInt(n, x ? 16 : 10)));
  const markup = text => /[:/\\&]/.test(text) ? text.replace(/<([a-z][^\s/>]*)((?:[^>"']|"[^"]*"|'[^']*')*)>/gi, (tag, name, rest, at) => {
    let g;
    const local = name.toLowerCase(), e = inert().createElement(local);
    rest = rest.replace(/([\s"'/])([a-z:]+)(\s*=\s*)("[^"]*"|'[^']*'|[^\s"'>]+)/gi, (all, gap, name, is, value) => {
      const was = plain(value), attribute = name.toLowerCase();
      try { put(e, attribute, was) } catch { }
      if (attribute == "style") return gap + name + is + css(value);
      const now = why(e, local, attribute, was);
      g ||= now;
      return now ? gap + "data-cg-" + name + is + value : all;
    });
    const script = local == "script";
    if (script && !g && !has(e, "src")) {
      e.textContent = "";
      const inner = text.slice(at + tag.length).split(/<\/script/i)[0];
      if (/^$|script|module/i.test(get(e, "type") || "")) g = code(inner);
    }
    if (!g) return "<" + name + rest + ">";
    if (script) rest = ' type="text/plain"' + rest.replace(/(\s)type(?=\s*=)/i, "$1data-cg-type");
    return `<${name} data-cg-service="${g.id}" data-cg-purpose="${words(g, isImage(local))}"${rest}>`;
  }) : text;
  let quiet;
  const inert = () => quiet ||= d.implementation.createHTMLDocument("");
  const html = described(E, "innerHTML").set;
  // The nodes of a text in which something is held; nothing when it may be taken as it is.
  const parsed = (context, text) => {
    if (!/[:/\\&]/.test(text)) return;
    const copy = context?.nodeType == 1 ? inert().importNode(context, false) : inert().createElement("div");
    apply(html, copy, [text]);
    const root = copy.content || copy;
    return siftAll(root) && [...root.childNodes];
  };

  // --- where it is stopped
  const done = new WeakSet;
  const install = w => {
    const { Node: N, Element: El, Document: D } = w;
    if (done.has(N)) return;
    done.add(N);
    // before(self, args): may change args; gives a function when the call is not to be made.
    const trap = (f, before, after) => new Proxy(f, {
      apply(f, self, args) {
        let instead;
        try { instead = before(self, args) } catch { }
        const result = instead ? instead() : apply(f, self, args);
        if (after) try { after(self, args, result) } catch { }
        return result;
      }
    });
    const wrap = (o, names, before, after) => each(split(names), name => {
      const was = described(o, name);
      if (was?.value) define(o, name, { ...was, value: trap(was.value, (self, args) => before(self, args, name), after) });
    });
    const setter = (o, name, before, read) => each([name], () => {
      const was = described(o, name);
      if (was?.set) define(o, name, { ...was, set: trap(was.set, before), ...read && { get: trap(was.get, read) } });
    });
    const proto = name => w[name]?.prototype || {};
    const nothing = () => { };

    const attributes = {
      Script: "src", Image: "src srcset", IFrame: "src srcdoc", Frame: "src", Embed: "src", Object: "data", Media: "src", Video: "poster", Source: "src srcset",
      Track: "src", Input: "src", Link: "href imageSrcset", Body: "background", Anchor: "ping", Area: "ping"
    };
    for (const kind in attributes) for (const prop of split(attributes[kind])) {
      const name = prop.toLowerCase();
      setter(proto(`HTML${kind}Element`), prop, (self, args) => {
        if (name == "srcdoc") args[0] = edited(args[0]);
        else if (stop(self, name, args[0])) return nothing;
      }, self => {
        const value = held && get(self, "data-cg-" + name);
        if (value && !has(self, name)) return () => /set$|ping|background/.test(name) ? value : new URL(value, d.baseURI).href;
      });
    }
    const edited = text => {
      const now = markup(String(text));
      return now == text ? text : trust(now);
    };
    const attribute = (self, args, name, value) => {
      name = String(args[name]).toLowerCase();
      if (name == "style") args[value] = css(String(args[value]), () => keep(() => 0));
      else if (name == "srcdoc" && self.localName == "iframe") args[value] = edited(args[value]);
      else if (stop(self, name, args[value])) return nothing;
    };
    wrap(El.prototype, "setAttribute", (self, args) => attribute(self, args, 0, 1));
    wrap(El.prototype, "setAttributeNS", (self, args) => attribute(self, args, 1, 2));
    wrap(El.prototype, "setAttributeNode setAttributeNodeNS", (self, [a]) => { if (stop(self, a.name, a.value)) return () => null });
    wrap(El.prototype, "getAttribute", (self, [name]) => {
      if (held && !has(self, name = String(name).toLowerCase()) && has(self, "data-cg-" + name)) return () => get(self, "data-cg-" + name);
    });
    wrap(El.prototype, "hasAttribute", (self, [name]) => { if (held && ways[self.localName]?.includes(name) && has(self, "data-cg-" + name)) return () => true });
    wrap(El.prototype, "removeAttribute", (self, [name]) => { name != "type" && ways[self.localName]?.includes(name) && free(self, name) });
    setter(proto("Attr"), "value", (self, args) => { if (self.ownerElement && stop(self.ownerElement, self.name, args[0])) return nothing });

    // Nodes that come into the page, or are made for it.
    const enter = (self, args) => { for (const node of args) node?.nodeType && siftAll(node) };
    const framed = (self, args) => {
      for (const node of args) if (node?.nodeType) for (const f of node.localName == "iframe" ? [node] : node.firstElementChild ? apply(node.querySelectorAll, node, ["iframe"]) : []) realm(f);
    };
    wrap(N.prototype, "appendChild insertBefore replaceChild moveBefore", enter, framed);
    for (const o of [El, D, w.DocumentFragment, w.CharacterData, w.DocumentType]) wrap(o.prototype, "append prepend before after replaceWith replaceChildren moveBefore insertAdjacentElement importNode adoptNode", enter, framed);
    wrap(w.Range.prototype, "insertNode surroundContents", enter, framed);

    // Markup.
    for (const o of [El, w.ShadowRoot]) {
      const into = (self, args) => {
        if (self.localName == "style") args[0] = css(String(args[0]));
        else if (self.localName != "script") {
          const nodes = parsed(self, args[0]);
          if (nodes) return () => { fill0(self.content || self, nodes) };
        }
      };
      setter(o.prototype, "innerHTML", into);
      wrap(o.prototype, "setHTMLUnsafe", into);
    }
    const fill0 = (root, nodes) => apply(root.nodeType == 1 ? E.replaceChildren : DocumentFragment.prototype.replaceChildren, root, nodes);
    setter(El.prototype, "outerHTML", (self, args) => {
      const nodes = parsed(self.parentNode, args[0]);
      if (nodes) return () => self.replaceWith(...nodes);
    });
    wrap(El.prototype, "insertAdjacentHTML", (self, [where, text]) => {
      const to = { beforebegin: "before", afterbegin: "prepend", beforeend: "append", afterend: "after" }[String(where).toLowerCase()];
      const nodes = to && parsed(/^b?.*(before|after)$/.test(to) ? self.parentNode : self, text);
      if (nodes) return () => self[to](...nodes);
    });
    wrap(w.Range.prototype, "createContextualFragment", (self, [text]) => {
      if (!/[:/\\&]/.test(text)) return;
      const range = inert().createRange();
      range.selectNodeContents(inert().body);
      const part = range.createContextualFragment(text);
      if (siftAll(part)) return () => d.adoptNode(part);
    });
    wrap(D.prototype, "write writeln", (self, args, name) => {
      const text = args.join(""), now = markup(text);
      if (now != text) args.splice(0, 9e9, trust(now));
    });

    // Style sheets.
    const sheet = (self, args) => {
      args[0] = css(String(args[0]), () => keep(() => {
        each([...self.cssRules], (rule, i) => {
          const now = rule.cssText.replace(/data:,cg:[^:]*:[^:]*:/g, "");
          if (now == rule.cssText) return;
          i = [...self.cssRules].indexOf(rule);
          self.deleteRule(i);
          self.insertRule(now, i);
        });
      }));
    };
    wrap(proto("CSSStyleSheet"), "insertRule replace replaceSync", sheet);
    wrap(proto("CSSGroupingRule"), "insertRule", sheet);
    const real = new WeakMap, shown = new WeakMap;
    const S = proto("CSSStyleDeclaration");
    const again = (style, name) => keep(() => {
      const was = style.getPropertyValue(name), now = css(was.replace(/data:,cg:[^:]*:[^:]*:/g, ""));
      now != was && style.setProperty(name, now, style.getPropertyPriority(name));
    });
    const dashed = name => name.replace(/[A-Z]/g, c => "-" + c.toLowerCase());
    const text = (style, name, value) => typeof value == "string" ? css(value, () => again(style, dashed(name))) : value;
    each(Object.getOwnPropertyNames(S), name => {
      const was = described(S, name);
      const as = f => f && new Proxy(f, { apply: (f, self, args) => {
        self = real.get(self) || self;
        if (name == "setProperty") args[1] = text(self, args[0], args[1]);
        else if (f == was.set) args[0] = text(self, name, args[0]);
        return apply(f, self, args);
      } });
      if (name != "constructor" && was.configurable) define(S, name, was.get ? { ...was, get: as(was.get), set: as(was.set) } : typeof was.value == "function" ? { ...was, value: as(was.value) } : was);
    });
    for (const o of [proto("HTMLElement"), proto("SVGElement"), proto("CSSStyleRule")]) each(["style"], () => {
      const was = described(o, "style");
      define(o, "style", {
        ...was,
        get: new Proxy(was.get, {
          apply(f, self, args) {
            const style = apply(f, self, args);
            let face = shown.get(style);
            if (!face) {
              face = new Proxy(style, {
                get: (o, name) => Reflect.get(o, name),
                set: (o, name, value) => Reflect.set(o, name, text(o, String(name), value)),
              });
              shown.set(style, face);
              real.set(face, style);
            }
            return face;
          }
        }),
        set: trap(was.set, (self, args) => { args[0] = css(String(args[0])) })
      });
    });
    setter(N.prototype, "textContent", (self, args) => { if (self.localName == "style") args[0] = css(String(args[0])) });

    // The network.
    const dead = "blob:null/0";
    wrap(w, "fetch", (self, args) => { if (judge(args[0]?.url || String(args[0]))) args[0] = dead, args.length = 1 });
    wrap(proto("XMLHttpRequest"), "open", (self, args) => { if (judge(String(args[1]))) args[1] = dead });
    wrap(proto("Navigator"), "sendBeacon", (self, [address]) => { if (judge(String(address), 1, 0, 1)) return () => true });
    each(["WebSocket", "EventSource", "Worker", "SharedWorker", "Audio"], name => {
      const was = described(w, name), C = was.value;
      const other = new Proxy(C, {
        construct(C, args, to) {
          if (args.length && judge(String(args[0]))) if (name == "Audio") {
            const a = new C;
            a.src = args[0];
            return a;
          } else args[0] = name == "WebSocket" ? "wss://held.invalid" : "data:,0";
          return Reflect.construct(C, args, to == other ? C : to);
        }
      });
      define(w, name, { ...was, value: other });
      define(C.prototype, "constructor", { ...described(C.prototype, "constructor"), value: other });
    });
    wrap(proto("HTMLFormElement"), "submit", self => { if (judge(self.getAttribute("action") || "")) return nothing });
    w.addEventListener("submit", event => {
      const { target, submitter } = event;
      if (judge(submitter?.getAttribute("formaction") || target.getAttribute("action") || "")) event.preventDefault();
    }, true);

    // What is stored.
    setter(D.prototype, "cookie", (self, [line]) => { if (named(String(line).split("=")[0].trim()) && !/max-age=\s*[0-]|expires=[^;]*19[67]\d/i.test(line)) return nothing });
    wrap(proto("CookieStore"), "set", (self, [a]) => { if (named(a?.name ?? String(a))) return () => Promise.resolve() });
    wrap(proto("Storage"), "setItem", (self, [key]) => { if (named(String(key))) return nothing });
  };
  const realm = f => {
    const look = () => {
      const w = f.contentWindow;
      if (/^about:/.test(w.document.URL)) install(w);
    };
    each([0], look);
    f.addEventListener("load", () => each([0], look));
  };
  each(["localStorage", "sessionStorage"], name => {
    const store = window[name];
    each(Object.keys(store), key => named(key) && store.removeItem(key));
  });
  window.indexedDB?.databases?.().then(list => each(list, ({ name }) => named(name) && indexedDB.deleteDatabase(name)), () => 0);
  install(window);
  // What came in by none of these ways.
  new MutationObserver(records => {
    for (const { addedNodes } of records) each(addedNodes, e => {
      if (e.nodeType == 1 && (ways[e.localName] || e.localName == "style")) sift(e), e.localName == "iframe" && realm(e);
    });
  }).observe(d, { childList: true, subtree: true });
  const change = ({ detail }) => {
    ({ grants, services } = detail);
    each(kept.splice(0), again => again());
  };
  each([window, window.parent, window.top], w => w.document.addEventListener("cookiegate:change", change));
})
