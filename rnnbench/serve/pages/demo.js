"use strict";
// The page knows no application: runs say what they read, and answers are drawn by their form.
const at = id => document.getElementById(id);
const make = (tag, properties = {}, ...parts) => {
  const made = Object.assign(document.createElement(tag), properties);
  made.append(...parts);
  return made;
};
// The first two are told apart by colour-blind people, too.
const HUES = ["224 113 0", "0 114 222", "0 158 96", "200 40 150", "110 80 220", "150 130 0"];
const MOST_BARS = 20, MOST_COLUMNS = 200;
let runs = [], run = null, recorder = null, recordings = [];

const number = value => Number.isInteger(value) ? String(value) : Number(value.toPrecision(4)).toString();
const numbers = one => Array.isArray(one) && one.length > 0 && one.every(value => typeof value === "number");
const plain = value => value === null || ["string", "number", "boolean"].includes(typeof value);
const shown = value => value === null ? "–" : typeof value === "number" ? number(value) : String(value);

// What is asked. -----------------------------------------------------------------------------------------------------

function choose(name) {
  run = runs.find(one => one.name === name);
  const lines = run.input === "lines";
  at("title").textContent = document.title = `${run.title}: ${run.name}`;
  at("summary").textContent = `${run.summary} ${run.writes}`;
  at("reads").textContent = at("takes").textContent = run.reads;
  at("lines").hidden = !lines;
  at("files").hidden = lines;
  at("file").accept = run.accepts ?? "";
  at("file").value = "";
  at("record").hidden = !(run.accepts ?? "").startsWith("audio");
  recordings = [];
  for (const id of ["given", "sliders", "options", "result"]) at(id).replaceChildren();
  const slid = new Map(run.sliders.map(one => [one.option, one]));
  for (const option of run.options) {
    if (`--${option.name}` === run.show?.split("=")[0]) continue; // asked for with every request
    if (slid.has(option.name)) at("sliders").append(slider(option, slid.get(option.name)));
    else at("options").append(field(option));
  }
  const links = Object.entries(run.pages).map(([name, href]) => make("a", { href, textContent: name, target: "_blank" }));
  at("pages").replaceChildren(...links.flatMap(link => [link, " "]));
  at("more").hidden = !at("options").childElementCount;
  at("state").textContent = "";
}

function slider(option, { low, high, step }) {
  const told = make("output", { textContent: option.default ?? "as trained" });
  const input = make("input", { type: "range", min: low, max: high, step, name: option.name, title: option.help });
  input.value = option.default ?? low;
  input.addEventListener("input", () => { told.textContent = input.value; input.dataset.moved = "yes"; });
  input.addEventListener("change", () => { if (at("result").childElementCount) ask(); });
  return make("label", {}, option.name.replaceAll("_", " "), input, told);
}

function field(option) {
  let input;
  if (option.choices) {
    input = make("select", {}, new Option("", ""), ...option.choices.map(one => new Option(one, one)));
  } else if (option.type === "boolean") {
    input = make("input", { type: "checkbox" });
  } else {
    const type = option.type === "integer" || option.type === "number" ? "number" : "text";
    input = make("input", { type, step: option.type === "number" ? "any" : 1, placeholder: option.default ?? "" });
  }
  input.name = option.name;
  return make("label", {}, option.name.replaceAll("_", " "), input, make("small", { textContent: option.help }));
}

function options() {
  const found = {};
  for (const option of run.options) {
    const input = at("form").elements.namedItem(option.name);
    if (!input) continue;
    if (input.type === "checkbox") { if (input.checked) found[option.name] = true; }
    else if (input.type === "range") { if (input.dataset.moved) found[option.name] = Number(input.value); }
    else if (input.value === "") continue;
    else if (option.type === "array") found[option.name] = input.value.split(/[\s,]+/).filter(Boolean).map(Number);
    else found[option.name] = input.type === "number" ? Number(input.value) : input.value;
  }
  return found;
}

async function base64(blob) {
  const bytes = new Uint8Array(await blob.arrayBuffer());
  let text = "";
  for (let i = 0; i < bytes.length; i += 32768) text += String.fromCharCode(...bytes.subarray(i, i + 32768));
  return btoa(text);
}

async function inputs() {
  if (run.input === "lines") return at("text").value === "" ? [] : at("text").value.replace(/\n$/, "").split("\n");
  const files = recordings.length ? recordings : [...at("file").files];
  return Promise.all(files.map(async file => ({ name: file.name, data: await base64(file) })));
}

async function ask() {
  if (at("ask").disabled) return;
  at("ask").disabled = true;
  at("state").textContent = "…";
  const asked = run, start = performance.now();
  try {
    const body = JSON.stringify({ inputs: await inputs(), options: options(), show: run.show !== null });
    const response = await fetch(run.address, { method: "POST", headers: { "Content-Type": "application/json" }, body });
    const found = await response.json();
    if (asked === run) found.error ? complain(found.error) : present(found);
    at("state").textContent = `${((performance.now() - start) / 1000).toFixed(2)} s`;
  } catch (error) {
    complain({ problem: `no answer: ${error.message}`, hint: "is the server still running?" });
    at("state").textContent = "";
  } finally {
    at("ask").disabled = false;
  }
}

function complain({ where, problem, hint }) {
  const words = [where, problem, hint].filter(Boolean).join("\n");
  at("result").replaceChildren(make("p", { className: "error", textContent: words }));
}

// What is answered. --------------------------------------------------------------------------------------------------

function present({ answers, warnings, picture }) {
  at("result").replaceChildren(
    ...warnings.map(one => make("p", { className: "warning", textContent: one })),
    ...answers.map(one => make("article", {}, ...drawn(one))),
    ...(picture ? [make("img", { src: `data:image/png;base64,${picture}`, alt: "How the answers came about" })] : []),
    make("details", {}, make("summary", { textContent: "as JSON" }), make("pre", { textContent: JSON.stringify(answers, null, 1) })),
  );
}

function drawn(answer) {
  const parts = [], lists = {};
  const shaded = Object.entries(answer).filter(([, value]) => Array.isArray(value) && value.length && value.every(numbers));
  const heads = new Map(shaded.map(([name, rows]) => [name, headed(rows, answer)]));
  for (const [name, value] of Object.entries(answer)) {
    if ([...heads.values()].includes(name)) continue;
    if (name === "pieces") parts.unshift(pieces(value));
    else if (plain(value)) { if (!(name === "text" && answer.pieces)) parts.push(line(name, shown(value))); }
    else if (heads.has(name)) parts.push(titled(name, shades(value, answer[heads.get(name)])));
    else if (Array.isArray(value) && value.length && value.every(plain)) (lists[value.length] ??= []).push([name, value]);
    else if (Array.isArray(value) && value.length && value.every(one => one && Object.values(one).every(plain))) parts.push(titled(name, records(value)));
    else if (!Array.isArray(value) && numbers(Object.values(value))) parts.push(titled(name, bars(value, name === "next")));
    else if (!Array.isArray(value)) for (const [key, list] of Object.entries(value)) if (Array.isArray(list)) (lists[list.length] ??= []).push([key, list]);
  }
  for (const rows of Object.values(lists)) parts.push(columns(rows));
  return parts;
}

const titled = (name, part) => make("div", {}, make("span", { className: "name", textContent: name }), part);
const line = (name, text) => make("div", {}, make("span", { className: "name", textContent: `${name}: ` }), make("span", { className: text.includes("\n") ? "value long" : "value", textContent: text }));
const wide = table => make("div", { className: "wide" }, table);
const row = (tag, cells) => make("tr", {}, ...cells.map(text => make(tag, { textContent: text })));

function pieces(found) {
  return make("div", { className: "pieces" }, ...found.map(({ text, label, strength, hue }) => {
    const span = make("span", { textContent: text, title: label });
    if (label) span.style.background = `rgb(${HUES[hue % HUES.length]} / ${(0.6 * strength).toFixed(2)})`;
    return span;
  }));
}

// Those of what comes next can be taken: they go on with the text.
function bars(values, taken) {
  const found = Object.entries(values).sort(([, a], [, b]) => b - a).slice(0, MOST_BARS);
  const largest = Math.max(...found.map(([, value]) => Math.abs(value)), 1e-12);
  const most = largest <= 1 && !taken ? 1 : largest;
  return make("div", { className: "bars" }, ...found.flatMap(([name, value]) => {
    const bar = make("i");
    bar.style.width = `${100 * Math.abs(value) / most}%`;
    const visible = taken ? name.replaceAll(" ", "␣").replaceAll("\n", "⏎").replaceAll("\t", "⇥") : name;
    const label = taken ? make("button", { type: "button", textContent: visible, title: "go on with it" }) : make("b", { textContent: name });
    if (taken) label.addEventListener("click", () => { at("text").value += name; ask(); });
    return [label, bar, make("span", { textContent: number(value) })];
  }));
}

// The name of the texts that the columns of a matrix stand for.
function headed(rows, answer) {
  const fits = one => Array.isArray(one) && one.length === rows[0].length && one.every(text => typeof text === "string");
  return Object.keys(answer).find(name => fits(answer[name]));
}

function shades(rows, heads) {
  const table = make("table", {}, ...(heads ? [row("th", ["", ...heads])] : []));
  rows.forEach((values, place) => {
    const cells = row("td", values.map(number));
    values.forEach((value, i) => { cells.children[i].style.background = `rgb(0 114 222 / ${Math.min(Math.max(0.7 * value, 0), 0.7).toFixed(2)})`; });
    if (heads) cells.prepend(make("th", { textContent: place + 1 }));
    table.append(cells);
  });
  return wide(table);
}

function records(found) {
  const names = Object.keys(found[0]);
  return wide(make("table", {}, row("th", names), ...found.map(one => row("td", names.map(name => shown(one[name] ?? null))))));
}

// Lists of one length belong together: tokens and their tags, times and values.
function columns(lists) {
  return wide(make("table", {}, ...lists.map(([name, values]) => {
    const cells = row("td", values.slice(0, MOST_COLUMNS).map(shown));
    cells.prepend(make("th", { textContent: name }));
    return cells;
  })));
}

// A microphone, as a WAV file of 16 bits. ----------------------------------------------------------------------------

async function record() {
  if (recorder) { recorder.stop(); return; }
  try {
    const stream = await navigator.mediaDevices.getUserMedia({ audio: true }), parts = [];
    recorder = new MediaRecorder(stream);
    recorder.addEventListener("dataavailable", event => parts.push(event.data));
    recorder.addEventListener("stop", async () => {
      stream.getTracks().forEach(track => track.stop());
      recorder = null;
      at("record").textContent = "record";
      const sound = await new AudioContext().decodeAudioData(await new Blob(parts).arrayBuffer());
      recordings = [new File([wav(sound.getChannelData(0), sound.sampleRate)], "microphone.wav", { type: "audio/wav" })];
      give(recordings);
      ask();
    });
    recorder.start();
    at("record").textContent = "stop";
  } catch (error) {
    recorder = null;
    complain({ where: "microphone", problem: error.message, hint: "allow it, or choose a file" });
  }
}

function wav(samples, rate) {
  const view = new DataView(new ArrayBuffer(44 + 2 * samples.length));
  const word = (place, text) => [...text].forEach((letter, i) => view.setUint8(place + i, letter.charCodeAt(0)));
  word(0, "RIFF"); view.setUint32(4, 36 + 2 * samples.length, true); word(8, "WAVEfmt ");
  view.setUint32(16, 16, true); view.setUint16(20, 1, true); view.setUint16(22, 1, true);
  view.setUint32(24, rate, true); view.setUint32(28, 2 * rate, true); view.setUint16(32, 2, true); view.setUint16(34, 16, true);
  word(36, "data"); view.setUint32(40, 2 * samples.length, true);
  samples.forEach((one, i) => view.setInt16(44 + 2 * i, 32767 * Math.min(Math.max(one, -1), 1), true));
  return view.buffer;
}

function give(files) {
  at("given").replaceChildren(...files.map(file => {
    const kind = file.type.split("/")[0];
    if (kind !== "image" && kind !== "audio") return make("div", { textContent: file.name });
    return make(kind === "image" ? "img" : "audio", { src: URL.createObjectURL(file), controls: true, alt: file.name });
  }));
}

// The page itself. ---------------------------------------------------------------------------------------------------

at("form").addEventListener("submit", event => { event.preventDefault(); ask(); });
at("text").addEventListener("keydown", event => { if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) ask(); });
at("file").addEventListener("change", () => { recordings = []; give([...at("file").files]); });
at("record").addEventListener("click", record);
at("run").addEventListener("change", () => choose(at("run").value));

fetch("/runs").then(response => response.json()).then(found => {
  runs = found;
  at("run").append(...runs.map(one => new Option(`${one.title}: ${one.name}`, one.name)));
  at("choice").hidden = runs.length < 2;
  choose(runs[0].name);
}).catch(error => complain({ problem: `the runs cannot be listed: ${error.message}` }));
