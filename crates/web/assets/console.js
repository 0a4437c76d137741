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

  document.addEventListener("keydown", (e) => {
    const search = document.getElementById("search");
    if (e.key !== "/" || !search || e.ctrlKey || e.metaKey || e.altKey || e.target.closest("input,textarea,select")) return;
    e.preventDefault();
    search.focus();
  });

  // One open menu at a time, closed by Escape and by a click elsewhere.
  const menus = document.querySelectorAll("details.menu");
  document.addEventListener("click", (e) => menus.forEach((m) => m.contains(e.target) || m.removeAttribute("open")));
  document.addEventListener("keydown", (e) => e.key === "Escape" && menus.forEach((m) => m.removeAttribute("open")));
})();
