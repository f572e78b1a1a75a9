// Shows nodes (see nodes.py): strings become text, never markup; tags and attributes that are not listed are dropped.
import { h, toRaw, withMemo } from "vue";

const TAGS = new Set(
  ("article aside blockquote br button caption code dd del details div dl dt em figcaption figure footer h2 h3 h4 h5 " +
    "header hr li mark ol p pre s section small span strong sub summary sup table tbody td th thead tr ul").split(" "),
);
const ATTRIBUTES = /^(class|role|scope|colspan|rowspan|lang|dir|start|open|disabled|tabindex|aria-[a-z]+|data-[a-z]+)$/;
const ICONS = "/web/assets/icons.svg#";

const tip = document.createElement("div");
tip.id = "tip";
tip.setAttribute("role", "tooltip");
tip.hidden = true;
document.body.append(tip);
let tipped = null;

function showTip(target) {
  if (target === tipped) return;
  tipped = target;
  tip.hidden = !target;
  document.querySelector("[aria-describedby=tip]")?.removeAttribute("aria-describedby");
  if (!target) return;
  const lines = target._tip.map((line) => Object.assign(document.createElement("div"), { textContent: line }));
  tip.replaceChildren(...lines);
  if (target.getAttribute("aria-label") !== target._tip[0]) target.setAttribute("aria-describedby", "tip");
  const box = target.getBoundingClientRect();
  const size = tip.getBoundingClientRect();
  const above = box.top - size.height - 8;
  tip.style.top = `${above > 4 ? above : box.bottom + 8}px`;
  tip.style.left = `${Math.max(8, Math.min(box.left + box.width / 2 - size.width / 2, innerWidth - size.width - 8))}px`;
}

function tipOf(event) {
  let element = event.target;
  while (element && element.nodeType === 1 && !element._tip) element = element.parentElement;
  return element?._tip ? element : null;
}
document.addEventListener("mouseover", (event) => showTip(tipOf(event)));
document.addEventListener("focusin", (event) => showTip(event.target.matches?.(":focus-visible") ? tipOf(event) : null));
document.addEventListener("focusout", () => showTip(null));
document.addEventListener("scroll", () => showTip(null), { capture: true, passive: true });
document.addEventListener("keydown", (event) => event.key === "Escape" && showTip(null));

// Chips and figures of one answer are one stop of the Tab key; arrows move between them.
function rove(event) {
  const step = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 }[event.key];
  if (!step || !event.target.classList.contains("rove")) return;
  const stops = [...event.currentTarget.querySelectorAll(".rove")];
  const next = stops[stops.indexOf(event.target) + step];
  if (!next) return;
  event.preventDefault();
  event.target.tabIndex = -1;
  next.tabIndex = 0;
  next.focus();
}

export default {
  props: { nodes: Array },
  emits: ["act"],
  created() {
    this.cache = [];
  },
  render() {
    // Every change of the page renders all of its elements; nodes that are the same are not looked at again.
    const nodes = toRaw(this.nodes);
    return withMemo([nodes], () => h("div", { onKeydown: rove }, nodes.map(this.made)), this.cache, 0);
  },
  methods: {
    made(node) {
      if (typeof node === "string") return node;
      const [tag, given, children] = node;
      if (tag === "svg") return icon(given.icon);
      if (!TAGS.has(tag)) return children.map((child) => this.made(child));
      const attributes = {};
      for (const [name, value] of Object.entries(given)) if (ATTRIBUTES.test(name)) attributes[name] = value;
      if (tag === "button") attributes.type = "button";
      if (given.act) {
        const act = () => this.$emit("act", { act: given.act, value: given.value });
        attributes.onClick = act;
        if (tag !== "button") attributes.onKeydown = (e) => [" ", "Enter"].includes(e.key) && (e.preventDefault(), act());
      }
      if (given.tip) attributes.onVnodeMounted = attributes.onVnodeUpdated = ({ el }) => (el._tip = given.tip);
      return h(tag, attributes, children.map((child) => this.made(child)));
    },
  },
};

function icon(name) {
  return h("svg", { class: "icon", "aria-hidden": "true" }, [h("use", { href: ICONS + name })]);
}
