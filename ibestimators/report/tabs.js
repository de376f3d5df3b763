// One part of the page at a time. The parts that are not shown can still be found by a search in
// the page, and all are printed.
const tabs = [...document.querySelectorAll(".tab")];
const links = [...document.querySelectorAll(".tabs a")];
const show = tab => {
  for (const other of tabs) {
    if (other === tab) other.removeAttribute("hidden");
    else other.setAttribute("hidden", "until-found");
  }
  for (const link of links) {
    if (link.getAttribute("href") === `#${tab.id}`) link.setAttribute("aria-current", "true");
    else link.removeAttribute("aria-current");
  }
};
const showLinked = () =>
  show(tabs.find(tab => `#${tab.id}` === decodeURIComponent(location.hash)) ?? tabs[0]);
if (links.length) {
  showLinked();
  addEventListener("hashchange", () => {
    showLinked();
    scrollTo(0, 0);
  });
  for (const tab of tabs) tab.addEventListener("beforematch", () => show(tab));
}
