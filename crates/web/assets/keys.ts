// The palette and the keys. Whatever they do can be done without a script: the page `/go` lists the
// same places, and the keys only follow links that are there. Built to keys.js by scripts/console-js.
(() => {
  type Visited = { title: string; href: string };
  const root = document.documentElement;
  const opener = document.querySelector<HTMLAnchorElement>("a[data-palette]");
  if (!opener) return;
  const isField = (e: KeyboardEvent) => e.target instanceof Element && e.target.closest("input,textarea,select,[contenteditable]") !== null;

  // Pages of this tab alone: names of customers must not outlive it.
  const visited = (): Visited[] => {
    try { return JSON.parse(sessionStorage.getItem("visited") ?? "[]"); } catch { return []; }
  };
  const here = location.pathname + location.search;
  const before = visited().filter((v) => v.href !== here);
  const title = document.title.replace(/ · Throughline$/, "");
  try { sessionStorage.setItem("visited", JSON.stringify([{ title, href: here }, ...before].slice(0, 9))); } catch { /* no storage, no list */ }

  let dialog: HTMLDialogElement | undefined;
  let asked = 0;

  const recent = (): HTMLElement | "" => {
    if (before.length === 0) return "";
    const section = document.createElement("section");
    section.innerHTML = "<h2>Where you were</h2><ul class=\"places\"></ul>";
    for (const v of before.slice(0, 6)) {
      const a = document.createElement("a");
      a.href = v.href;
      a.textContent = v.title;
      const item = document.createElement("li");
      item.append(a);
      section.querySelector("ul")?.append(item);
    }
    return section;
  };

  const fill = async (box: Element, address: string, first: HTMLElement | "") => {
    const turn = ++asked;
    try {
      const answer = await fetch(address);
      if (answer.redirected) return location.assign(opener.href);
      const text = answer.ok ? await answer.text() : "<p>The server does not answer; try again.</p>";
      if (turn !== asked) return;
      const read = new DOMParser().parseFromString(text, "text/html");
      box.replaceChildren(first, ...read.body.childNodes);
    } catch {
      if (turn === asked) box.textContent = "The server does not answer; try again.";
    }
  };

  const open = (keys: boolean) => {
    if (!dialog) {
      dialog = document.createElement("dialog");
      dialog.className = "palette";
      dialog.innerHTML = "<input type=\"search\" aria-label=\"Go to a page, a journey, a view or a customer\" placeholder=\"Go to …\" autocomplete=\"off\"><div></div>";
      document.body.append(dialog);
      const input = dialog.querySelector("input")!;
      const box = dialog.querySelector("div")!;
      let wait = 0;
      const list = () => {
        const base = opener.dataset.palette ?? "";
        const q = input.value.trim();
        void fill(box, `${base}${base.includes("?") ? "&" : "?"}q=${encodeURIComponent(q)}`, q ? "" : recent());
      };
      input.addEventListener("input", () => { clearTimeout(wait); wait = window.setTimeout(list, 120); });
      dialog.addEventListener("click", (e) => e.target === dialog && dialog?.close());
      dialog.addEventListener("keydown", (e) => {
        const links = [...box.querySelectorAll<HTMLAnchorElement>(".places a")];
        const at = links.indexOf(document.activeElement as HTMLAnchorElement);
        if (e.key === "ArrowDown" || e.key === "ArrowUp") {
          e.preventDefault();
          const next = at + (e.key === "ArrowDown" ? 1 : -1);
          (next < 0 ? input : links[Math.min(next, links.length - 1)])?.focus();
        } else if (e.key === "Enter" && e.target === input) {
          e.preventDefault();
          // What was typed last may not have been answered yet.
          clearTimeout(wait);
          const base = opener.dataset.palette ?? "";
          const q = input.value.trim();
          void fill(box, `${base}${base.includes("?") ? "&" : "?"}q=${encodeURIComponent(q)}`, q ? "" : recent())
            .then(() => box.querySelector<HTMLAnchorElement>(".places a")?.click());
        } else if (at >= 0 && e.key.length === 1 && !e.ctrlKey && !e.metaKey && !e.altKey) {
          input.focus();
        }
      });
      dialog.addEventListener("list", list);
    }
    const input = dialog.querySelector("input")!;
    input.hidden = keys;
    input.value = "";
    dialog.setAttribute("aria-label", keys ? "Keys" : "Go to");
    dialog.querySelector("div")!.tabIndex = keys ? 0 : -1;
    if (keys) void fill(dialog.querySelector("div")!, opener.dataset.keys ?? "", "");
    else dialog.dispatchEvent(new Event("list"));
    if (!dialog.open) dialog.showModal();
  };

  opener.addEventListener("click", (e) => {
    if (e.ctrlKey || e.metaKey || e.shiftKey) return;
    e.preventDefault();
    open(false);
  });

  // The links of the first list on the page, in their order.
  const lines = () => {
    const all = document.querySelectorAll<HTMLAnchorElement>("main tbody th a, main tbody td:first-child a, main .list li>a, main .calls h3 a, main .places a");
    return [...all].filter((a) => a.offsetParent !== null);
  };

  let led = 0;
  document.addEventListener("keydown", (e) => {
    if ((e.ctrlKey || e.metaKey) && !e.altKey && !e.shiftKey && e.key.toLowerCase() === "k") {
      e.preventDefault();
      return dialog?.open ? dialog.close() : open(false);
    }
    if (root.dataset.keys === "off" || e.ctrlKey || e.metaKey || e.altKey || isField(e) || dialog?.open) return;
    const went = Date.now() - led < 1500;
    led = 0;
    if (went) {
      const room = [...document.querySelectorAll<HTMLAnchorElement>("a[data-go]")].find((a) => a.dataset.go === e.key);
      if (room) { e.preventDefault(); room.click(); }
      return;
    }
    if (e.key === "g") { led = Date.now(); return; }
    if (e.key === "?") { e.preventDefault(); return open(true); }
    if (e.key === "/") {
      e.preventDefault();
      const search = document.getElementById("search");
      return search ? search.focus() : open(false);
    }
    if (e.key === "j" || e.key === "k") {
      const all = lines();
      const at = all.indexOf(document.activeElement as HTMLAnchorElement);
      const next = e.key === "j" ? at + 1 : at < 0 ? all.length - 1 : at - 1;
      if (all[next]) { e.preventDefault(); all[next].focus(); }
    }
  });
})();
