// @ts-check
// Gradio counts the seconds of whatever is pending, frame by frame, and goes on for ever with those of its loading
// screen (seen in 6.31): an open page that nobody touches took 7 % of a slow core. Nothing of the studio shows the count,
// so it gets no frames. Stands in the page itself, before Gradio's modules: they keep what asks for frames.
{
  const counts = /performance\.now\(\).*\/\s*1(e3|000)\b/;
  const ask = window.requestAnimationFrame.bind(window);
  window.requestAnimationFrame = (callback) => (counts.test(String(callback)) ? 0 : ask(callback));
}
