"use strict";
// What the pages share: the data, making elements, light and dark. No framework, no request.
// Text from the user's program reaches the document as text nodes only.

const data = JSON.parse(document.getElementById("data").textContent);
const $ = (id) => document.getElementById(id);
const NS = "http://www.w3.org/2000/svg";

function fill(element, attributes, children) {
  for (const [name, value] of Object.entries(attributes || {})) {
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else if (value !== null && value !== undefined && value !== false) element.setAttribute(name, value);
  }
  for (const child of children.flat()) {
    if (child !== null && child !== undefined && child !== "" && child !== false) element.append(child);
  }
  return element;
}
const html = (tag, attributes, ...children) => fill(document.createElement(tag), attributes, children);
const svg = (tag, attributes, ...children) => fill(document.createElementNS(NS, tag), attributes, children);
const bytesOf = (text) => Uint8Array.from(atob(text), (c) => c.charCodeAt(0));

function largeType() {
  const on = document.documentElement.classList.toggle("large");
  $("large").setAttribute("aria-pressed", on);
}
function theme(name) {
  document.documentElement.dataset.theme = name || (document.documentElement.dataset.theme === "dark" ? "light" : "dark");
}
theme(window.matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light");
$("title").textContent = data.title;
