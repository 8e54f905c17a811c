// What Swagger UI leaves out: the page's language, the system's dark scheme, a name for the list of servers, and a token
// for the document itself. A reload forgets the token.
const root = document.documentElement;
const dark = matchMedia("(prefers-color-scheme: dark)");
const follow = () => root.classList.toggle("dark-mode", dark.matches);
let token = "";

root.lang = "en";
dark.addEventListener("change", follow);
follow();
new MutationObserver(() => document.querySelector("#servers")?.setAttribute("aria-label", "Server")).observe(root, {
  childList: true,
  subtree: true,
});

document.addEventListener("submit", (event) => {
  if (event.target.id !== "token-form") return;
  event.preventDefault();
  token = document.querySelector("#token").value.trim();
  ui.specActions.download();
});

const ownSettings = {
  deepLinking: false, // Its links would be within buttons.
  requestInterceptor: (request) => withToken(requestInterceptor(request)),
  responseInterceptor: (response) => askForToken(responseInterceptor(response)),
};

function withToken(request) {
  const isOwn = new URL(request.url, location).origin === location.origin;
  if (token && isOwn) request.headers.Authorization ??= `Bearer ${token}`;
  return request;
}

function askForToken(response) {
  if (isSchemaUrl(response.url)) document.querySelector("#token-form").hidden = response.status !== 401;
  return response;
}
