// What a keyboard needs and neither HTML nor a style sheet can give.
document.addEventListener("DOMContentLoaded", () => {
  // A wide equation that scrolls in its box can have the focus, so that arrow keys move it, and the
  // data of a figure has it only where it scrolls. The theme does this for code, outputs and tables.
  const boxes = document.querySelectorAll(".katex-display, .figure-table");
  const scrolls = (box) =>
    box.scrollWidth > box.clientWidth ||
    (box.scrollHeight > box.clientHeight && getComputedStyle(box).overflowY === "auto");
  const measure = (box) =>
    scrolls(box)
      ? box.setAttribute("tabindex", "0")
      : box.removeAttribute("tabindex");
  const observer = new ResizeObserver((sizes) => sizes.forEach(({ target }) => measure(target)));
  boxes.forEach((box) => observer.observe(box));
  document.fonts.ready.then(() => boxes.forEach(measure));

  // sphinx-book-theme takes the focus from these buttons when they are pressed, so that it does not
  // come back to them either. After a mouse nobody misses it; after a key it stays.
  const buttons = ".theme-switch-button, .search-button, .primary-toggle, .secondary-toggle";
  document.querySelectorAll(buttons).forEach((button) => {
    button.blur = () =>
      button.matches(":focus-visible") || HTMLElement.prototype.blur.call(button);
  });
});
