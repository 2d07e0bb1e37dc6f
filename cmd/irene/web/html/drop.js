"use strict";

// The page around the program: files come in by drop or choice, a worker makes their page, a frame shows it. Nothing is
// loaded and nothing is sent, which the content security policy makes sure of.
(() => {
  const $ = (id) => document.getElementById(id);
  const parts = JSON.parse($("parts").textContent); // worker: its script, program: gzip in base64, most: models of a page
  const plural = (n, noun) => `${n} ${noun}${n === 1 ? "" : "s"}`;

  // The program, decompressed once.
  let program = null;
  function unpacked() {
    const packed = Uint8Array.from(atob(parts.program), (c) => c.charCodeAt(0));
    program ||= new Response(new Blob([packed]).stream().pipeThrough(new DecompressionStream("gzip"))).arrayBuffer();
    return program;
  }

  let worker = null, shown = [], links = [];

  // models are the files that hold graphs: weights beside them are not needed.
  function models(files) {
    const graphs = files.filter((f) => /\.(onnx|ort)(\.gz)?$/i.test(f.name));
    return graphs.length ? graphs : files;
  }

  // open makes the page of files, and shows it.
  async function open(files) {
    cancel();
    const chosen = models(files);
    if (!chosen.length) return;
    if (chosen.length > parts.most) return refuse(`${plural(chosen.length, "model")}: a page shows ${parts.most}`);
    const names = chosen.map((f) => f.name).join(" and ");
    say(`Reading ${names} …`);
    const mine = worker = new Worker(URL.createObjectURL(new Blob([parts.worker], { type: "text/javascript" })));
    mine.onmessage = ({ data }) => {
      if (mine !== worker) return;
      if (data.page) { cancel(); show(data.page, chosen, names); } else if (data.error) refuse(data.error); else say(progress(data));
    };
    mine.onerror = (e) => { if (mine === worker) refuse(e.message || "the browser does not run the program"); };
    try {
      const binary = await unpacked();
      if (mine === worker) mine.postMessage({ program: binary, files: chosen });
    } catch (e) {
      if (mine === worker) refuse(`this browser cannot unpack the program: ${e.message}`);
    }
  }

  const megabytes = (n) => `${(n / 1e6).toFixed(n < 1e7 ? 1 : 0)} MB`;
  const progress = ({ at, size, name }) => `Reading ${name}: at ${megabytes(at)} of ${megabytes(size)} …`;

  function say(text) {
    $("alert").hidden = true;
    $("status").hidden = false;
    $("doing").textContent = text;
  }
  function refuse(text) {
    cancel();
    $("alert").textContent = text;
    $("alert").hidden = false;
  }
  function cancel() {
    if (worker) worker.terminate();
    worker = null;
    $("status").hidden = true;
    $("alert").hidden = true;
  }

  // show puts a page into the frame, which inherits this page's policy.
  function show(bytes, files, names) {
    links.forEach((l) => URL.revokeObjectURL(l));
    const link = URL.createObjectURL(new Blob([bytes], { type: "text/html" }));
    links = [link];
    shown = files;
    $("file").textContent = names;
    document.title = `${names} · irene`;
    $("save").href = link;
    $("save").download = files.map((f) => f.name.replace(/\.onnx(\.gz)?$/i, "")).join("-") + ".html";
    $("beside").hidden = files.length >= parts.most;
    $("tools").hidden = false;
    $("welcome").hidden = true;
    $("page").hidden = false;
    document.body.classList.add("shown");
    $("page").onload = () => { try { takeDrops($("page").contentWindow); } catch { /* a browser that keeps frames of blobs apart: drops go to the bar */ } };
    $("page").src = link;
  }

  // ---- Ways in

  let beside = false; // what is chosen next stands beside what is shown
  function choose(also) {
    beside = also;
    $("files").value = "";
    $("files").click();
  }
  $("choose").onclick = () => choose(false);
  $("another").onclick = () => choose(false);
  $("beside").onclick = () => choose(true);
  $("cancel").onclick = cancel;
  $("files").onchange = () => open([...(beside ? shown : []), ...$("files").files]);

  function takeDrops(target) {
    let depth = 0; // of the elements that a drag is over
    const over = (n) => { depth = n; document.body.classList.toggle("over", depth > 0); };
    const holdsFiles = (e) => e.dataTransfer && [...e.dataTransfer.types].includes("Files");
    target.addEventListener("dragenter", (e) => { if (holdsFiles(e)) { e.preventDefault(); over(depth + 1); } });
    target.addEventListener("dragover", (e) => { if (holdsFiles(e)) e.preventDefault(); });
    target.addEventListener("dragleave", () => over(Math.max(0, depth - 1)));
    target.addEventListener("drop", (e) => {
      if (!holdsFiles(e)) return;
      e.preventDefault();
      over(0);
      const folder = [...e.dataTransfer.items].map((i) => i.webkitGetAsEntry && i.webkitGetAsEntry()).find((i) => i && i.isDirectory);
      if (folder) refuse(`${folder.name}: is a folder; drop the .onnx file in it`); else open([...e.dataTransfer.files]);
    });
  }
  takeDrops(window);
})();
