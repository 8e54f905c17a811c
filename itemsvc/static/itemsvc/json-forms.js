// The API takes JSON only. Before DRF's own script sends a form of the browsable API, this gives it the form's content
// as JSON, through the same two inputs that the "Raw data" tab uses.
document.addEventListener(
  "submit",
  (event) => {
    const form = event.target;
    const method = (form.dataset.method || form.method).toUpperCase();
    if (!["POST", "PUT"].includes(method) || form.querySelector('select[data-override="content-type"]')) return;

    const content = {};
    for (const field of form.querySelectorAll("fieldset [name]")) {
      if (field.type === "submit" || field.name === "csrfmiddlewaretoken") continue;
      content[field.name] = valueOf(field);
    }
    override(form, "content-type", "application/json");
    override(form, "content", JSON.stringify(content));
  },
  true, // Capturing, so that it runs before the handler on the form itself.
);

function valueOf(field) {
  if (field.type === "checkbox") return field.checked;
  if (field.type !== "number" && field.dataset.type !== "number") return field.value;
  if (field.value === "") return null;
  // A long decimal stays a text, because a number of JavaScript has 15 digits.
  return field.value.length > 15 ? field.value : Number(field.value);
}

// A filter that was left empty is none: the API refuses `?name=`.
document.addEventListener("formdata", (event) => {
  if (event.target.method !== "get") return;
  for (const [name, value] of [...event.formData]) if (value === "") event.formData.delete(name);
});

function override(form, name, value) {
  let input = form.querySelector(`input[data-override="${name}"]`);
  if (!input) {
    input = document.createElement("input");
    input.type = "hidden";
    input.dataset.override = name;
    form.append(input);
  }
  input.value = value;
}
