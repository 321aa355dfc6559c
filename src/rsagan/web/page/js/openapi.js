// A readable page from openapi.json: no outside resource, unlike the usual viewers.

import { get } from "./api.js";
import { $ } from "./ui.js";

const element = (name, ...content) => {
  const made = document.createElement(name);
  made.append(...content);
  return made;
};
const code = (text) => element("code", text);

function typeOf(schema, all) {
  if (!schema) return "";
  if (schema.$ref) return schema.$ref.split("/").pop();
  if (schema.anyOf) return schema.anyOf.map((one) => typeOf(one, all)).join(" or ");
  if (schema.type === "array") return `list of ${typeOf(schema.items, all) || "values"}`;
  return schema.format || schema.type || "value";
}

function fields(schema, all) {
  const model = schema?.$ref ? all[schema.$ref.split("/").pop()] : schema;
  return Object.entries(model?.properties || {}).map(([name, field]) => {
    const needed = model.required?.includes(name) ? "" : ", optional";
    return element("li", code(name), ` ${typeOf(field, all)}${needed}. ${field.description || ""}`);
  });
}

function list(title, items) {
  return items.length ? [element("h3", title), element("ul", ...items)] : [];
}

function route(path, method, operation, all) {
  const box = element("section");
  box.className = "route";
  box.append(element("h2", element("b", method.toUpperCase()), path), element("p", operation.description || ""));
  const parameters = (operation.parameters || []).map(({ name, description }) => element("li", code(name), ` ${description || ""}`));
  box.append(...list("Parameters", parameters));
  const body = operation.requestBody?.content || {};
  const json = body["application/json"]?.schema;
  if (json) box.append(...list("Body, JSON", fields(json, all)));
  else box.append(...list("Body", Object.keys(body).map((type) => element("li", code(type)))));
  const answers = Object.entries(operation.responses).map(([status, { description, content }]) => {
    const types = Object.keys(content || {}).filter((type) => type !== "application/json" || status < 300);
    return element("li", code(status), ` ${description}${types.length ? ` (${types.join(", ")})` : ""}`);
  });
  box.append(...list("Answers", answers));
  return box;
}

try {
  const told = await get("openapi.json");
  $("about").textContent = `${told.info.summary} ${told.info.description}`;
  const own = ([path]) => (path.startsWith("/v1/") ? 0 : 1); // what it is for first, what runs it last
  for (const [path, methods] of Object.entries(told.paths).sort((a, b) => own(a) - own(b))) {
    for (const [method, operation] of Object.entries(methods)) {
      $("routes").append(route(path, method, operation, told.components.schemas));
    }
  }
} catch (error) {
  const how = error.status === 401 ? " Open this page from the main one, which asks for it, or as api.html#token=…" : "";
  $("about").textContent = error.message + how;
}
