// What is nicer with a script. Every page works without it.
(() => {
  const poll = (section) => setTimeout(async () => {
    if (document.hidden) return poll(section);
    try {
      const answer = await fetch(section.dataset.poll + (section.dataset.poll.includes("?") ? "&" : "?") + "back=" + encodeURIComponent(section.dataset.back));
      if (!answer.ok || answer.redirected) return;
      const next = new DOMParser().parseFromString(await answer.text(), "text/html").querySelector(".progress");
      if (!next) return section.remove();
      section.replaceWith(next);
      if (next.dataset.poll) poll(next);
    } catch { poll(section); }
  }, 2000);
  for (const section of document.querySelectorAll(".progress[data-poll]")) poll(section);

  if (navigator.clipboard) for (const pre of document.querySelectorAll("pre")) {
    const button = document.createElement("button");
    button.type = "button";
    button.className = "copy";
    button.textContent = "Copy";
    button.addEventListener("click", async () => {
      await navigator.clipboard.writeText(pre.querySelector("code").textContent);
      button.textContent = "Copied";
    });
    pre.append(button);
  }

  // A file dropped anywhere on the form, and how far its bytes are.
  for (const form of document.querySelectorAll("form[data-drop]")) {
    const input = form.querySelector("input[type=file]");
    const said = form.querySelector("[data-drop-said]");
    const send = () => {
      const request = new XMLHttpRequest();
      request.open("POST", form.action);
      request.upload.addEventListener("progress", (e) => {
        if (e.lengthComputable) said.textContent = e.loaded < e.total ? `${Math.floor((100 * e.loaded) / e.total)} % is here` : "Looking into it …";
      });
      request.addEventListener("load", () => {
        if (request.responseURL && new URL(request.responseURL).pathname !== new URL(form.action).pathname) return location.assign(request.responseURL);
        const answer = new DOMParser().parseFromString(request.responseText, "text/html");
        said.textContent = answer.querySelector(".fault, main p, h1")?.textContent ?? "It did not arrive; try again.";
      });
      request.addEventListener("error", () => { said.textContent = "It did not arrive whole; try again."; });
      said.textContent = "Sending …";
      request.send(new FormData(form));
    };
    form.addEventListener("submit", (e) => { e.preventDefault(); send(); });
    input.addEventListener("change", () => input.files.length && send());
    for (const kind of ["dragenter", "dragover"]) form.addEventListener(kind, (e) => { e.preventDefault(); form.classList.add("over"); });
    for (const kind of ["dragleave", "drop"]) form.addEventListener(kind, () => form.classList.remove("over"));
    form.addEventListener("drop", (e) => {
      e.preventDefault();
      if (e.dataTransfer.files.length === 0) return;
      input.files = e.dataTransfer.files;
      send();
    });
  }

  // Who a rule holds for, counted while it is typed.
  for (const form of document.querySelectorAll("form[data-count]")) {
    const told = document.querySelector(form.dataset.count);
    let wait, asked = 0;
    form.addEventListener("input", () => {
      clearTimeout(wait);
      wait = setTimeout(async () => {
        const mine = ++asked, body = new URLSearchParams(new FormData(form));
        body.set("act", "count");
        try {
          const answer = await fetch(form.action, { method: "POST", body });
          const text = await answer.text();
          if (answer.ok && mine === asked) told.replaceChildren(...new DOMParser().parseFromString(text, "text/html").body.childNodes);
        } catch { /* it is counted with the next button */ }
      }, 350);
    });
  }

  const zone = document.querySelector("[data-own-zone]");
  if (zone && zone.value === "UTC") zone.value = Intl.DateTimeFormat().resolvedOptions().timeZone || "UTC";

  // One open menu at a time, closed by Escape and by a click elsewhere.
  const menus = document.querySelectorAll("details.menu");
  document.addEventListener("click", (e) => menus.forEach((m) => m.contains(e.target) || m.removeAttribute("open")));
  document.addEventListener("keydown", (e) => e.key === "Escape" && menus.forEach((m) => m.removeAttribute("open")));
})();
