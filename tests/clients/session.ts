// A user's program on the types that openapi-typescript made of the service's document, with openapi-fetch.
// `node session.js URL` prints what it saw, as JSON: the same as session.py.
import createClient from "openapi-fetch";
import type { components, paths } from "./schema.js";

declare const process: { argv: string[] };
type Gadget = components["schemas"]["Gadget"];

const client = createClient<paths, "application/json">({ baseUrl: process.argv[2] });

/** What is there, or an error. */
function the<Value>(value: Value | undefined): Value {
  if (value === undefined) throw new Error("The answer is another one.");
  return value;
}

/** One object of an answer that could be an array too. */
function one<Value extends object>(value: Value | Value[] | undefined): Value {
  const found = the(value);
  if (Array.isArray(found)) throw new Error("The answer is an array.");
  return found;
}

async function gadgets() {
  const made = one((await client.POST("/gadgets", { body: { name: "first" } })).data);
  const many = await client.POST("/gadgets", { body: [0, 1, 2, 3, 4].map((number) => ({ name: `no. ${number}` })) });
  const place = { id: made.id };
  const read = await client.GET("/gadgets/{id}", { params: { path: place } });
  const header = { "If-Match": read.response.headers.get("ETag") ?? "" };
  const change = (description: string) =>
    client.PATCH("/gadgets/{id}", { params: { path: place, header }, body: { description } });
  const changed = await change("changed");
  const stale = await change("too late");
  const refused = await client.POST("/gadgets", { body: { name: "" } });
  const pages = await pagesOf();
  const lines = await stream();
  const deleted = await client.DELETE("/gadgets/{id}", { params: { path: place } });
  const gone = await client.GET("/gadgets/{id}", { params: { path: place } });
  return {
    read: JSON.stringify(read.data) === JSON.stringify(made),
    many: Array.isArray(many.data) ? many.data.length : many.data,
    changed: [changed.response.status, the(changed.data).description],
    stale: [stale.response.status, "detail" in the(stale.error)],
    refused: Object.keys(the(refused.error)),
    pages: pages.map((page) => page.map((each) => each.name)),
    lines: lines.map((each) => each.name),
    deleted: deleted.response.status,
    gone: "detail" in the(gone.error),
  };
}

/** All pages of two, from the oldest, by their Link headers. */
async function pagesOf() {
  const pages: Gadget[][] = [];
  for (let cursor: string | undefined, more = true; more; more = cursor !== undefined) {
    const query = { limit: 2, ordering: "created_at", cursor } as const;
    const { data, response } = await client.GET("/gadgets", { params: { query } });
    pages.push(the(data));
    const next = /<([^>]+)>; rel="next"/.exec(response.headers.get("Link") ?? "")?.[1];
    cursor = next && (new URL(next).searchParams.get("cursor") ?? undefined);
  }
  return pages;
}

/** Every gadget, a line each. */
async function stream() {
  const { data } = await client.GET("/gadgets", { headers: { Accept: "application/x-ndjson" }, parseAs: "text" });
  return the(data)
    .trimEnd()
    .split("\n")
    .map((line): Gadget => JSON.parse(line));
}

async function orders() {
  const customer = one(
    (await client.POST("/sample/customers", { body: { name: "Bob", email: "bob@example.com" } })).data,
  );
  const body = { customer: customer.id, total: "9.50", placed_on: "2026-01-31", tags: ["a"], details: ["any", null, 1.5] };
  const made = one((await client.POST("/sample/orders", { body })).data);
  const changed = await client.PATCH("/sample/orders/{id}", {
    params: { path: { id: made.id } },
    body: { total: "10.25" },
  });
  const query = { customer: customer.id, total: "10.25" };
  const listed = await client.GET("/sample/orders", { params: { query } });
  return {
    made: [made.customer === customer.id, made.status, made.total, made.placed_on],
    json: [made.tags, made.details],
    changed: the(changed.data).total,
    listed: the(listed.data).map((each) => each.id === made.id),
  };
}

console.log(JSON.stringify({ gadgets: await gadgets(), orders: await orders() }));
