// Sorts and filters the components, and opens what is folded for the printer.
(() => {
  const table = document.querySelector("table"), tools = document.querySelector(".tools");
  if (!table || !tools) return;
  const [word, order] = [tools.querySelector("input"), tools.querySelector("select")];
  const all = [...table.tBodies];
  const number = (body, key) => Number(body.dataset[key]);
  const orders = {
    configuration: () => 0,
    name: (a, b) => a.dataset.name.localeCompare(b.dataset.name),
    behind: (a, b) => number(b, "behind") - number(a, "behind"),
    oldest: (a, b) => number(a, "committed") - number(b, "committed"),
  };
  const filter = () => {
    const words = word.value.toLowerCase().split(/\s+/);
    for (const body of all) {
      const text = body.textContent.toLowerCase();
      body.hidden = !words.every((one) => text.includes(one));
    }
  };
  word.addEventListener("input", filter);
  order.addEventListener("change", () => table.append(...all.slice().sort(orders[order.value])));
  addEventListener("beforeprint", () => {
    for (const details of document.querySelectorAll("details")) details.open = true;
  });
  tools.hidden = false;
  filter();
})();
