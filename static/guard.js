// Stands before everything else in a page: what a script brings in is held before it is asked for.
// It has to be small, so a group (who, what for, whether its images are beacons) is a list of three, and addresses
// and names are found by the expressions of the table, which pages/guard_table.py makes. See docs/guard.md.
(table => {
  "use strict";
  const d = document, own = d.currentScript.dataset, { apply, construct, defineProperty, getOwnPropertyDescriptor } = Reflect;
  const proto = Element.prototype, none = () => { }, string = x => "" + x;
  const native = f => none.call.bind(f);
  // The natives, from before anybody could change them.
  const get = native(proto.getAttribute), has = native(proto.hasAttribute), put = native(proto.setAttribute), drop = native(proto.removeAttribute);
  const each = (list, f) => { for (const x of list) try { f(x) } catch { } };
  const words = text => text.match(/\S+/g) || [];

  // --- what the visitor granted
  let grants = {}, services = {};
  each(words(own.cgAllow), word => /\w/.test(word[0]) ? grants[word] = true : services[word.slice(1)] = word[0] == "+");
  const may = ([id, purpose, beacon], image) => purpose == "necessary" || (id in services ? services[id] : grants[purpose]) && !(image && beacon && !grants.beacons);

  // --- whose something is
  const group = key => key.replace(/^:/, "unknown:").split(":");
  const find = (list, text) => list.find(one => (one[2] ||= RegExp(one[1].replace(/\./g, "\\.")), one[2].test(text)))?.[0];
  const load = list => list.map(([key, source]) => [group(key), source]);
  const rules = load([...JSON.parse(own.cgRules || "[]"), ...table.rules]), names = load(table.names);
  const named = name => {
    const g = find(names, string(name));
    return g && !may(g);
  };
  let hashes;
  const hashed = text => {
    if (!hashes) {
      hashes = {};
      for (const key in table.hosts) {
        let [fine, count, code] = group(table.hosts[key]), at = 0, value = 0;
        code = atob(code);
        const bit = () => code.charCodeAt(at >> 3) >> (at++ & 7) & 1;
        for (; count--; hashes[value] = group(":" + key)) {
          for (; bit();) value += 1 << fine;
          for (let i = 0; i < fine;) value += bit() << i++;
        }
      }
    }
    let h = 0x811c9dc5;
    for (const c of text) h = Math.imul(h ^ c.charCodeAt(), 0x1000193);
    h = Math.imul(h ^ h >>> 15, 0x2c1b3c6d);
    // Nothing of the host: what is behind its first dot.
    return hashes[(h ^ h >>> 13) >>> 32 - table.bits] || (text = text.replace(/^.*?(\.|$)/, "")).includes(".") && hashed(text);
  };
  const site = host => /[^.]+\.((com?|org?|net?|ac|edu|go[bv]?)\.\w\w|[^.]+)$/.exec(host)?.[0];
  const page = location.hostname, hosts = {};
  let base, home;
  // What plainly stays on this site is let through without a look, unless some path of it tracks.
  const near = address => {
    if (base != d.baseURI) home = (base = d.baseURI).startsWith(location.origin + "/") && !table.own;
    return home && /^\/?\w[^:]*$/.test(address);
  };
  // The group for which an address is held. image: it is one; 2: it is made to count.
  const judge = (address, image, e) => {
    if (near(address)) return;
    try {
      const { protocol, hostname, pathname, search } = new URL(address, base), far = hostname != page;
      if (!/^(http|ws)/.test(protocol)) return;
      let g = find(rules, (far ? hostname : "") + pathname + search);
      if (far) g ||= hosts[hostname] ??= hashed(hostname);
      if (g) return !may(g, image) && g;
      if (table.unknown != "allow" && site(hostname) != site(page))
        return table.unknown == "hold" ? ["unknown", "unknown"]
          : (image > 1 || e && image && e.width < 2 && e.height < 2 && (e.width || e.height)) && !(grants.marketing && grants.beacons) && ["unknown", "marketing beacons"];
    } catch { }
  };

  // --- what is held
  let kept = [], held;
  const keep = again => { kept.length < 999 && kept.push(again) };
  const attributes = "src srcset srcdoc imagesrcset poster background ping style", loading = new Set(words(attributes + " href xlink:href data"));
  const loads = /^(\S+ (src(set|doc)?|imagesrcset|poster|background|ping|style)|(?!a|base)\S+ (xlink:)?href|object data)$/;
  const isImage = e => /^(im|inp)/.test(e.localName);
  const purposes = (g, image) => g[1] + (image && g[2] ? " beacons" : "");
  const mark = (e, g) => {
    held = 1;
    put(e, "data-cg-service", g[0]);
    put(e, "data-cg-purpose", purposes(g, isImage(e)));
  };
  const freed = text => text.replace(/data:,cg:[^:]*:[^:]*:/g, "");
  const css = (text, again = none) => {
    if (!/[(@]/.test(text)) return text;
    let some;
    const now = string(text).replace(/((?:url|image-set)\(\s*["']?|@import\s+["'])(?!data:)([^"')\s]+)/gi, (all, start, address) => {
      const g = judge(address, 1);
      if (!g) return all;
      some = 1;
      again();
      return start + `data:,cg:${g[0]}:${purposes(g, 1).replace(" ", "+")}:` + address;
    });
    return some ? now : text;
  };
  const code = text => /\.src|import|create|Image|fetch|open|send|write/.test(text) && [...text.replace(/\\\//g, "/").matchAll(/["'`](?:https?:)?(\/\/[^"'`\s]+)/g)].reduce((g, [, address]) => g || judge(address), 0);
  // The value that an attribute may have; nothing when it is held. there: it had it before.
  const pass = (e, name, value, there) => {
    if (name == "style") return css(value);
    if (!loads.test(e.localName + " " + name)) return value;
    if (name == "href" && /canon|alter|author|license|next|prev|search|help|me$/.test(e.rel)) return value;
    if (name == "srcdoc") return markup(value);
    const image = name == "ping" ? 2 : isImage(e), list = string(value), trusted = value;
    let g;
    if (/set|ping/.test(name)) each(words(list.replace(/,\s/g, " ")), one => { g ||= judge(one, image, e) });
    else g = judge(list, image, e);
    if (!g) {
      if (held && !there) {
        drop(e, "data-cg-" + name);
        e.getAttributeNames().some(name => /^data-cg-(?!serv|purp)/.test(name)) || each(["service", "purpose"], name => drop(e, "data-cg-" + name));
      }
      return value;
    }
    put(e, "data-cg-" + name, list);
    mark(e, g);
    keep(() => {
      if (get(e, "data-cg-" + name) != list || pass(e, name, trusted) == null) return;
      put(e, name.replace("xlink:", ""), trusted);
      e.localName == "source" && e.parentNode?.load?.();
    });
  };
  // The browser's style object answers to any name: it is given out behind a face of its own.
  const seen = new WeakSet, faces = new WeakMap, secret = Symbol();
  // Holds what an element has already; true when there was something.
  const sift = (e, frames) => {
    let some, g;
    const kind = e.localName, script = kind == "script";
    if (kind == "iframe") frames?.push(e);
    seen.add(e);
    for (const name of e.getAttributeNames()) if (loading.has(name)) {
      const value = get(e, name), now = pass(e, name, value, 1);
      if (now === value) continue;
      now == null ? drop(e, name) : put(e, name, now);
      some = 1;
    }
    if (script && !has(e, "data-cg-service") && /^$|script|module/.test(e.type) && (g = code(e.textContent))) {
      e.type && put(e, "data-cg-type", e.type);
      put(e, "type", "text/plain");
      mark(e, g);
      some = 1;
    }
    if (kind == "style") {
      const now = css(e.textContent);
      if (now != e.textContent) e.textContent = now, some = 1;
    }
    return some;
  };
  // What asks when it comes into the page; a page's own elements of other kinds were looked at when they were given an address.
  const late = "script,style,link,iframe,frame,object,embed,video,audio,source,track,input,image,use", kinds = new Set(late.split(","));
  const all = late + attributes.replace(/ ?(\w+)/g, ",[$1]");
  const every = (node, frames) => {
    const ours = node.ownerDocument == d;
    let some = node.nodeType == 1 && (!ours || kinds.has(node.localName)) && sift(node, frames);
    const what = ours ? late : all;
    if (node.firstElementChild && node.querySelector(what)) for (const e of node.querySelectorAll(what)) some = sift(e, frames) || some;
    return some;
  };

  // --- markup that is given as text
  let policy, quiet;
  const inert = () => quiet ||= d.implementation.createHTMLDocument("");
  const html = getOwnPropertyDescriptor(proto, "innerHTML"), fragment = native(d.createRange().createContextualFragment);
  // Only what names another host is worth a look, and what may be spelt otherwise.
  const worth = table.own ? /[/&]/ : /[/\\]\s*[/\\]|[ps]\s*:|&(#|\w*sol|col)/i;
  // The inert root of a text in which something is held.
  const parsed = (context, text) => {
    if (!worth.test(text)) return;
    const root = context?.nodeType == 1 ? inert().importNode(context) : inert().createElement("template");
    apply(html.set, root, [text]);
    return every(root.content || root) && root;
  };
  const markup = text => {
    const root = parsed(0, text);
    if (!root) return text;
    // A parser runs these: they come back as the gate's do, in order and with what they write.
    each(root.content.querySelectorAll("script[data-cg-src]"), e => {
      e.type && put(e, "data-cg-type", e.type);
      put(e, "type", "text/plain");
    });
    policy ||= window.trustedTypes?.createPolicy("cookiegate-guard", { createHTML: s => s }) || { createHTML: s => s };
    return policy.createHTML(apply(html.get, root, []));
  };

  // --- where it is stopped
  const done = new WeakSet;
  const install = w => {
    if (done.has(w.Node)) return;
    done.add(w.Node);
    // before: may change the arguments; gives what to do in the function's place.
    const trap = (f, before, key) => f && new Proxy(f, {
      apply(f, it, args) {
        let instead;
        try { instead = before(it, args, key) } catch { }
        return instead ? instead(f) : apply(f, it, args);
      }
    });
    const wrap = (names, list, before, read) => each(words(names), name => each(words(list), key => {
      const o = name == "window" ? w : w[name].prototype, was = getOwnPropertyDescriptor(o, key);
      if (was) {
        for (const kind of ["set", "value"]) if (was[kind]) was[kind] = trap(was[kind], before, key);
        if (read && was.get) was.get = trap(was.get, read, key);
        defineProperty(o, key, was);
      }
    }));
    const first = f => (it, args) => { args[0] = f(args[0], it) };
    const attribute = (it, args, name, at) => {
      name = name.toLowerCase();
      if (!loading.has(name) || args.length <= at || !held && name == "src" && near(args[at])) return;
      const now = pass(it, name, args[at]);
      if (now == null) return none;
      if (now) args[at] = now;
    };

    wrap("Script Image IFrame Frame Embed Object Media Video Source Track Input Link Body Anchor Area".replace(/\w+/g, "HTML$&Element"), "src srcset srcdoc data poster href imageSrcset background ping", (it, args, key) => attribute(it, args, key, 0), (it, args, key) => {
        const value = held && !has(it, key) && get(it, "data-cg-" + key.toLowerCase());
        if (value) return () => /^(src|href|data|poster)$/.test(key) ? new URL(value, d.baseURI).href : value;
      });
    wrap("Element", "setAttribute", (it, args) => attribute(it, args, string(args[0]), 1));
    wrap("Element", "setAttributeNS", (it, args) => attribute(it, args, string(args[1]), 2));
    wrap("Element", "setAttributeNode setAttributeNodeNS", (it, [a]) => pass(it, a.name, a.value) == null && none);
    wrap("Element", "getAttribute", (it, [name]) => held && !has(it, name) && has(it, name = "data-cg-" + name) && (() => get(it, name)));
    wrap("Element", "removeAttribute", (it, [name]) => { held && loads.test(it.localName + " " + name) && drop(it, "data-cg-" + name) });
    wrap("Attr", "value", (it, args) => { if (it.ownerElement) return attribute(it.ownerElement, args, it.name, 0) });

    // Nodes that come into the page, or are made for it.
    wrap("Node Element Document DocumentFragment CharacterData Range", "appendChild insertBefore replaceChild moveBefore append prepend before after replaceWith replaceChildren insertAdjacentElement importNode adoptNode insertNode",
      (it, args) => {
        const frames = [];
        for (const node of args) if (node?.nodeType) every(node, frames);
        return frames[0] && (f => {
          const result = apply(f, it, args);
          each(frames, realm);
          return result;
        });
      });

    // Markup.
    const into = (it, args) => {
      if (it.localName == "style") args[0] = css(args[0]);
      const root = worth.test(args[0]) && !/^(script|style)$/.test(it.localName) && parsed(it, args[0]);
      if (root) return () => (it.content || it).replaceChildren(...(root.content || root).childNodes);
    };
    wrap("Element ShadowRoot", "innerHTML setHTMLUnsafe", into);
    wrap("Element", "outerHTML", (it, args) => {
      const root = parsed(it.parentNode, args[0]);
      if (root) return () => it.replaceWith(...root.childNodes);
    });
    wrap("Element", "insertAdjacentHTML", (it, [where, text]) => {
      const way = { beforebegin: "before", afterbegin: "prepend", beforeend: "append", afterend: "after" }[where.toLowerCase()];
      const root = way && parsed(/be?g?fo|aft/.test(way) ? it.parentNode : it, text);
      if (root) return () => it[way](...root.childNodes);
    });
    wrap("Range", "createContextualFragment", (it, [text]) => {
      const part = fragment(inert().createRange(), text);
      if (every(part)) return () => d.adoptNode(part);
    });
    wrap("Document", "write writeln", (it, args) => { args[0] && args.splice(0, 9e9, markup(args.length > 1 ? args.join("") : args[0])) });

    // Style sheets.
    wrap("CSSStyleSheet CSSGroupingRule", "insertRule replace replaceSync", first((text, sheet) => css(text, () => keep(() => each([...sheet.cssRules], rule => {
      const text = rule.cssText, now = css(freed(text)), at = [...sheet.cssRules].indexOf(rule);
      if (now != text) sheet.deleteRule(at), sheet.insertRule(now, at);
    })))));
    wrap("Node", "textContent", (it, args) => { if (it.localName == "style") args[0] = css(args[0]) });
    const style = (style, value) => string(value).includes("(") ? css(value, () => keep(() => {
      const was = style.cssText, now = css(freed(was));
      if (now != was) style.cssText = now;
    })) : value;
    const handler = {
      get: (o, key) => key == secret ? o : o[key],
      set: (o, key, value) => (o[key] = style(o, value), true)
    };
    const behind = (it, args, key) => {
      const at = key == "setProperty" ? 1 : 0;
      it = it[secret] || it;
      if (args[at]) args[at] = style(it, args[at]);
      return f => apply(f, it, args);
    };
    wrap("CSSStyleDeclaration", "cssText cssFloat getPropertyPriority getPropertyValue item length parentRule removeProperty setProperty", behind, behind);
    wrap("HTMLElement SVGElement CSSStyleRule", "style", first(css), (it, args, key) => f => {
      const o = apply(f, it, args);
      let face = faces.get(o);
      face || faces.set(o, face = new Proxy(o, handler));
      return face;
    });

    // The network.
    wrap("window", "fetch", (it, args) => { if (judge(args[0].url || args[0])) args[0] = "blob:null/0" });
    wrap("XMLHttpRequest", "open", (it, args) => { if (judge(args[1])) args[1] = "blob:null/0" });
    wrap("Navigator", "sendBeacon", (it, args) => judge(args[0], 2) && (() => true));
    each(["WebSocket", "EventSource", "Worker", "SharedWorker", "Audio"], name => {
      const C = w[name], face = new Proxy(C, {
        construct(C, args, to) {
          const stop = judge(args[0]) && args[0];
          if (stop) args[0] = name == "WebSocket" ? "wss://held.invalid" : "data:,0";
          const made = construct(C, args, to == face ? C : to);
          if (stop && name == "Audio") made.src = stop;
          return made;
        }
      });
      for (const [o, key] of [[w, name], [C.prototype, "constructor"]]) defineProperty(o, key, { ...getOwnPropertyDescriptor(o, key), value: face });
    });
    wrap("HTMLFormElement", "submit", it => judge(get(it, "action")) && none);
    w.addEventListener("submit", event => {
      const { submitter, target } = event;
      judge(submitter && get(submitter, "formaction") || get(target, "action")) && event.preventDefault();
    }, true);

    // What is stored. To delete is never wrong.
    wrap("Document", "cookie", (it, args) => named(string(args[0]).split("=")[0].trim()) && !/max-age=\s*[0-]|=[^;]* 19[67]\d/i.test(args[0]) && none);
    wrap("CookieStore", "set", (it, [a]) => named(a.name || a) && (() => Promise.resolve()));
    wrap("Storage", "setItem", (it, [key]) => named(key) && none);
  };
  // A frame of this page's own has natives of its own.
  const realm = f => {
    if (f.localName != "iframe") return;
    const look = () => each([f.contentWindow], w => /^about:/.test(w.document.URL) && install(w));
    look();
    f.addEventListener("load", look);
  };
  install(window);
  // Not at once: the first look into a storage takes longer than all of the above.
  setTimeout(() => {
    each(["localStorage", "sessionStorage"], name => each(Object.keys(window[name]), key => { named(key) && window[name].removeItem(key) }));
    each([indexedDB], db => db.databases().then(list => each(list, ({ name }) => { named(name) && db.deleteDatabase(name) })));
  });
  // What came in by none of these ways.
  new MutationObserver(records => each(records, ({ addedNodes }) => each(addedNodes, e => {
    if (e.nodeType == 1) seen.has(e) || sift(e), realm(e);
  }))).observe(d, { childList: true, subtree: true });
  each(new Set([window, parent, top]), w => w.document.addEventListener("cookiegate:change", ({ detail }) => {
    ({ grants, services } = detail);
    each(kept.splice(0), again => again());
  }));
})
