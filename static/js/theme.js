// Runs before the first paint, so that a chosen theme never flashes. The only thing kept is the word itself.
(() => {
  try {
    const theme = localStorage.getItem("theme");
    if (theme === "light" || theme === "dark") document.documentElement.dataset.theme = theme;
  } catch {
    // Storage refused: the system's preference stands.
  }
})();
