// When the visitor has chosen, the two frames of the panel are fetched again: the page itself stays.
document.addEventListener("cookiegate:change", () => {
  for (const frame of document.querySelectorAll(".tried iframe")) {
    frame.src = frame.src;
  }
});
