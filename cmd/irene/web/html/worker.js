"use strict";

// The worker runs the program once, on the files of one page. It gets {program, files}, and answers with {page}, the bytes
// of one, or {error}, a line; while it reads, with {at, size, name}.
self.onmessage = async ({ data: { program, files } }) => {
  const reader = new FileReaderSync();
  let answered = false, told = 0;
  const answer = (message, transferred = []) => { answered = true; self.postMessage(message, transferred); };
  const ranges = (file) => ({
    name: file.name, size: file.size,
    read(from, to) {
      if (performance.now() - told > 150) {
        told = performance.now();
        self.postMessage({ at: from, size: file.size, name: file.name });
      }
      try { return new Uint8Array(reader.readAsArrayBuffer(file.slice(from, to))); } catch (e) {
        return e.name === "NotReadableError" || e.name === "NotFoundError" ? "the browser cannot read it any more: was it changed, or is it a folder?" : String(e.message || e);
      }
    },
  });
  self.job = {
    files: files.map(ranges),
    done: (bytes) => answer({ page: bytes }, [bytes.buffer]),
    fail: (text) => answer({ error: text }),
  };
  try {
    const go = new Go();
    const { instance } = await WebAssembly.instantiate(program, go.importObject);
    await go.run(instance);
  } catch (e) {
    if (!answered) answer({ error: e instanceof RangeError || e instanceof WebAssembly.RuntimeError ? "the browser gives no more memory: irene analyze takes less" : String(e.message || e) });
  }
  if (!answered) answer({ error: "the program ended early: the model may need more memory than the browser gives (irene analyze takes less)" });
};
