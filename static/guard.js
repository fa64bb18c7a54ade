// Stands before everything else in a page: what a script brings in is held before it is asked for.
// It has to be small, so a group (who, what for, whether its images are beacons) is a list of three, and addresses
// and names are found by the expressions of the table, which pages/guard_table.py makes. See docs/guard.md.
(table => {
  "use strict";
  const d = document, own = d.currentScript.dataset, { apply, construct, defineProperty, getOwnPropertyDescriptor } = Reflect;
  const proto = Element.prototype, none = () => { }, string = x => "" + x;
  const native = f => (it, ...args) => apply(f, it, args);
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
    return hashes[(h ^ h >>> 13) >>> 32 - table.bits];
  };
  const site = host => /[^.]+\.((com?|org?|net?|ac|edu|go[bv]?)\.\w\w|[^.]+)$/.exec(host)?.[0];
  // The group for which an address is held. image: it is one; 2: it is made to count.
  const judge = (address, image, e) => {
    // What plainly stays on this site is let through without a look, unless some path of it tracks.
    if (!table.own && /^\/?\w[^:]*$/.test(address) && d.baseURI.startsWith(location.origin)) return;
    try {
      const { protocol, hostname, pathname, search } = new URL(address, d.baseURI), page = location.hostname;
      if (!/^(http|ws)/.test(protocol)) return;
      let g = find(rules, (hostname == page ? "" : hostname) + pathname + search);
      if (hostname != page) for (let rest = hostname; !g && rest.includes("."); rest = rest.replace(/^.*?\./, "")) g = hashed(rest);
      if (g) return !may(g, image) && g;
      if (site(hostname) != site(page) && table.unknown != "allow")
        return table.unknown == "hold" ? ["unknown", "unknown"]
          : (image > 1 || e && image && e.width < 2 && e.height < 2 && (e.width || e.height)) && !grants.beacons && ["unknown", "beacons"];
    } catch { }
  };

  // --- what is held
  let kept = [], held;
  const keep = again => { kept.length < 999 && kept.push(again) };
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
    if (!loads.test(e.localName + " " + name)) return value;
    const image = isImage(e), list = string(value), trusted = value;
    if (/canon|alter|author|license|next|prev|search|help|me$/.test(e.rel) && name == "href") return value;
    if (name == "style") return css(value);
    if (name == "srcdoc") return markup(value);
    let g;
    each(/set|ping/.test(name) ? words(list.replace(/,\s/g, " ")) : [list], one => { g ||= judge(one, name == "ping" ? 2 : image, e) });
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
  const seen = new WeakSet;
  // Holds what an element has already; true when there was something.
  const sift = e => {
    let some, g;
    const script = e.localName == "script";
    seen.add(e);
    if (e.hasAttributes()) for (const { name, value } of [...e.attributes]) {
      const now = pass(e, name, value, 1);
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
    if (e.localName == "style") {
      const now = css(e.textContent);
      if (now != e.textContent) e.textContent = now, some = 1;
    }
    return some;
  };
  const every = (node, f) => {
    let some = node.nodeType == 1 && f(node);
    if (node.firstElementChild) for (const e of node.querySelectorAll("script,style,object,[src],[srcset],[srcdoc],[imagesrcset],[poster],[background],[ping],[style],:is(link,image,use)[*|href]")) some = f(e) || some;
    return some;
  };

  // --- markup that is given as text
  let policy, quiet;
  const inert = () => quiet ||= d.implementation.createHTMLDocument("");
  const html = getOwnPropertyDescriptor(proto, "innerHTML");
  // Only what names another host is worth a look, and what may be spelt otherwise.
  const worth = table.own ? /[/&]/ : /[/\\]\s*[/\\]|[ps]\s*:|&(#|\w*sol|col)/i;
  // The inert root of a text in which something is held.
  const parsed = (context, text) => {
    if (!worth.test(text)) return;
    const root = context?.nodeType == 1 ? inert().importNode(context) : inert().createElement("template");
    apply(html.set, root, [text]);
    return every(root.content || root, sift) && root;
  };
  const markup = text => {
    const root = parsed(0, text);
    if (!root) return text;
    policy ||= window.trustedTypes?.createPolicy("cookiegate-guard", { createHTML: s => s }) || { createHTML: s => s };
    return policy.createHTML(apply(html.get, root, []));
  };

  // --- where it is stopped
  const done = new WeakSet;
  const install = w => {
    if (done.has(w.Node)) return;
    done.add(w.Node);
    // before: may change the arguments; gives what to do in the function's place.
    const trap = (f, before, after) => f && new Proxy(f, {
      apply(f, it, args) {
        let instead;
        try { instead = before(it, args) } catch { }
        const result = instead ? instead() : apply(f, it, args);
        after && each([args], after);
        return result;
      }
    });
    const wrap = (names, list, before, after) => each(words(names), name => each(words(list), key => {
      const o = name == "window" ? w : w[name].prototype, was = getOwnPropertyDescriptor(o, key);
      was && defineProperty(o, key, was.set ? { ...was, set: trap(was.set, (it, args) => before(it, args, key)), get: after ? trap(was.get, it => after(it, key)) : was.get } : { ...was, value: trap(was.value, (it, args) => before(it, args, key), after) });
    }));
    const first = f => (it, args) => { args[0] = f(args[0], it) };
    const attribute = (it, args, name, at) => {
      const now = args.length > at ? pass(it, name.toLowerCase(), args[at]) : 0;
      if (now == null) return none;
      if (now) args[at] = now;
    };

    wrap("Script Image IFrame Frame Embed Object Media Video Source Track Input Link Body Anchor Area".replace(/\w+/g, "HTML$&Element"), "src srcset srcdoc data poster href imageSrcset background ping", (it, args, key) => attribute(it, args, key, 0), (it, key) => {
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
      (it, args) => each(args, node => { node.nodeType && every(node, sift) }),
      args => each(args, node => {
        if (!node.nodeType) return;
        realm(node);
        node.firstElementChild && each(node.querySelectorAll("iframe"), realm);
      }));

    // Markup.
    const into = (it, args) => {
      if (it.localName == "style") args[0] = css(args[0]);
      const root = !/^(script|style)$/.test(it.localName) && parsed(it, args[0]);
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
      const part = inert().createRange().createContextualFragment(text);
      if (every(part, sift)) return () => d.adoptNode(part);
    });
    wrap("Document", "write writeln", (it, args) => { args[0] && args.splice(0, 9e9, markup(args.length > 1 ? args.join("") : args[0])) });

    // Style sheets.
    wrap("CSSStyleSheet CSSGroupingRule", "insertRule replace replaceSync", first((text, sheet) => css(text, () => keep(() => each([...sheet.cssRules], rule => {
      const text = rule.cssText, now = css(freed(text)), at = [...sheet.cssRules].indexOf(rule);
      if (now != text) sheet.deleteRule(at), sheet.insertRule(now, at);
    })))));
    wrap("Node", "textContent", (it, args) => { if (it.localName == "style") args[0] = css(args[0]) });
    const faces = new WeakMap;
    const style = (style, value) => typeof value == "string" ? css(value, () => keep(() => {
      const was = style.cssText, now = css(freed(was));
      if (now != was) style.cssText = now;
    })) : value;
    each(["HTMLElement", "SVGElement", "CSSStyleRule"], name => {
      const o = w[name].prototype, was = getOwnPropertyDescriptor(o, "style");
      defineProperty(o, "style", {
        ...was,
        set: trap(was.set, first(css)),
        get: new Proxy(was.get, {
          apply(f, it, args) {
            const real = apply(f, it, args);
            faces.has(real) || faces.set(real, new Proxy(real, {
              get: (o, key) => typeof o[key] == "function" ? (...args) => {
                if (key == "setProperty") args[1] = style(o, args[1]);
                return o[key](...args);
              } : o[key],
              set: (o, key, value) => (o[key] = style(o, value), true)
            }));
            return faces.get(real);
          }
        })
      });
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
