// What the page needs from the browser beyond NiceGUI: scrolling, copying, remembering, a few keys.
const PHONE = matchMedia("(max-width: 900px)");
let last = null; // where the keyboard was before the pane took it
document.addEventListener("focusin", (event) => (last = event.target.closest(".pane") ? last : event.target));

window.desk = {
  remember(name, value) {
    document.cookie = `${name}=${value}; path=/; max-age=31536000; samesite=lax`;
  },
  async copy(text) {
    try {
      await navigator.clipboard.writeText(text);
    } catch {
      const area = Object.assign(document.createElement("textarea"), { value: text });
      document.body.append(area);
      area.select();
      document.execCommand("copy");
      area.remove();
    }
  },
  bottom(force) {
    const view = document.querySelector(".turns");
    if (!view || !(force || view.scrollHeight - view.scrollTop - view.clientHeight < 240)) return;
    let frames = 10; // turns get their true height when they are first drawn
    const go = () => {
      view.scrollTop = view.scrollHeight;
      if (--frames) requestAnimationFrame(go);
    };
    go();
  },
  mark() {
    const mark = document.querySelector(".pane .here");
    if (mark?.dataset.down) {
      const body = mark.closest(".body");
      body.scrollTop += mark.getBoundingClientRect().top - body.getBoundingClientRect().top;
      body.scrollTop += mark.clientHeight * mark.dataset.down - body.clientHeight / 3;
    } else mark?.scrollIntoView({ block: "center", inline: "nearest" });
  },
  current() {
    const menu = document.querySelector(".menu-of-tools");
    const item = menu?.querySelector("[aria-current]");
    if (item) menu.scrollTop = item.offsetTop - menu.clientHeight / 2;
  },
  back() {
    (last?.isConnected ? last : document.getElementById("question"))?.focus();
  },
  ask(text) {
    const box = document.getElementById("question");
    if (!box) return;
    box.value = text;
    box.focus();
  },
  address(path) {
    history.replaceState(null, "", path);
  },
  menu(open) {
    const side = document.querySelector(".side");
    const shown = open ?? !side.classList.contains("open");
    side.classList.toggle("open", shown);
    document.querySelector(".menu")?.setAttribute("aria-expanded", String(shown));
    if (shown) side.querySelector("a, button")?.focus();
  },
};

document.addEventListener("keydown", (event) => {
  const typing = event.target.matches?.("input, textarea, select, [contenteditable]");
  if (event.key === "/" && !typing && !event.ctrlKey && !event.metaKey && !document.querySelector(".q-dialog")) {
    const box = document.getElementById("question");
    if (box) event.preventDefault();
    box?.focus();
  }
  if (event.key === "Escape" && !document.querySelector(".q-dialog")) {
    if (document.querySelector(".side.open")) return window.desk.menu(false);
    document.querySelector(".pane.open .close")?.click();
  }
});
document.addEventListener("click", (event) => {
  if (event.target.closest(".menu")) return window.desk.menu();
  const side = document.querySelector(".side.open");
  if (side && PHONE.matches && !event.target.closest(".side")) window.desk.menu(false);
});

// Files dragged or chosen go to NiceGUI's uploader, which is out of sight.
const zoneOf = (event) => event.target.closest?.(".zone");
const send = (zone, files) => getElement(zone.dataset.upload).$refs.qRef.addFiles(files);
for (const kind of ["dragover", "dragleave", "drop"]) {
  document.addEventListener(kind, (event) => {
    event.preventDefault(); // a file dropped elsewhere must not replace the page
    const zone = zoneOf(event);
    zone?.classList.toggle("over", kind === "dragover");
    if (zone && kind === "drop") send(zone, event.dataTransfer.files);
  });
}
document.addEventListener("change", (event) => {
  const zone = event.target.type === "file" && zoneOf(event);
  if (!zone) return;
  send(zone, event.target.files);
  event.target.value = "";
});
