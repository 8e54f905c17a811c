// What Swagger UI leaves out: the page's language, the system's dark scheme, and a name for the list of servers.
const root = document.documentElement;
const dark = matchMedia("(prefers-color-scheme: dark)");
const follow = () => root.classList.toggle("dark-mode", dark.matches);

root.lang = "en";
dark.addEventListener("change", follow);
follow();
new MutationObserver(() => document.querySelector("#servers")?.setAttribute("aria-label", "Server")).observe(root, {
  childList: true,
  subtree: true,
});
