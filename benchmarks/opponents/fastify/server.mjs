// Fastify with pg, in one process: schemas for bodies and responses, prepared statements, 10 connections.
import Fastify from 'fastify'
import pg from 'pg'

const url = new URL(process.env.DATABASE_URL.replace('@/', '@localhost/'))
const pool = new pg.Pool({
  user: url.username, password: decodeURIComponent(url.password), database: url.pathname.slice(1),
  host: url.searchParams.get('host') ?? url.hostname, port: Number(url.port || 5432), max: 10,
})
const app = Fastify({ ajv: { customOptions: { removeAdditional: false, coerceTypes: false } } })

const columns = 'id, name, description, created_at'
const key = { type: 'object', properties: { key: { type: 'string', format: 'uuid' } } }
const fields = { name: { type: 'string', minLength: 1, maxLength: 255 }, description: { type: 'string', maxLength: 10000 } }
const item = {
  type: 'object',
  properties: {
    id: { type: 'string' }, name: { type: 'string' }, description: { type: 'string' },
    created_at: { type: 'string', format: 'date-time' },
  },
}
const given = { type: 'object', properties: fields, required: ['name'], additionalProperties: false }
const change = { type: 'object', properties: fields, additionalProperties: false }
const query = {
  type: 'object',
  properties: {
    limit: { type: 'string', pattern: '^[0-9]{1,4}$', default: '100' },
    created_after: { type: 'string', format: 'date-time' },
  },
}
const one = { 200: item }

// The name makes pg prepare the statement once on each connection.
const run = async (name, text, values) => (await pool.query({ name, text, values })).rows
const found = (rows, reply) => rows[0] ?? reply.code(404).send({ detail: 'Not found.' })

app.get('/health', async () => ({ status: 'healthy' }))

app.get('/items', { schema: { querystring: query, response: { 200: { type: 'array', items: item } } } }, async (request, reply) => {
  const limit = Number(request.query.limit), after = request.query.created_after
  const where = after ? 'WHERE created_at > $2' : ''
  const text = `SELECT ${columns} FROM items_item ${where} ORDER BY id DESC LIMIT $1`
  const rows = await run(after ? 'after' : 'list', text, after ? [limit + 1, after] : [limit + 1])
  if (rows.length > limit) {
    rows.pop()
    reply.header('Link', `</items?limit=${limit}&after=${rows[limit - 1].id}>; rel="next"`)
  }
  return rows
})

app.get('/items/:key', { schema: { params: key, response: one } }, async (request, reply) =>
  found(await run('read', `SELECT ${columns} FROM items_item WHERE id = $1`, [request.params.key]), reply))

app.post('/items', { schema: { body: given, response: { 201: item } } }, async (request, reply) => {
  const text = `INSERT INTO items_item (name, description) VALUES ($1, $2) RETURNING ${columns}`
  const [row] = await run('create', text, [request.body.name.trim(), (request.body.description ?? '').trim()])
  reply.code(201).header('Location', `/items/${row.id}`)
  return row
})

app.put('/items/:key', { schema: { params: key, body: given, response: one } }, async (request, reply) => {
  const text = `UPDATE items_item SET name = $2, description = $3 WHERE id = $1 RETURNING ${columns}`
  const values = [request.params.key, request.body.name.trim(), (request.body.description ?? '').trim()]
  return found(await run('replace', text, values), reply)
})

app.patch('/items/:key', { schema: { params: key, body: change, response: one } }, async (request, reply) => {
  const text = `UPDATE items_item SET name = coalesce($2, name), description = coalesce($3, description)
    WHERE id = $1 RETURNING ${columns}`
  const values = [request.params.key, request.body.name?.trim(), request.body.description?.trim()]
  return found(await run('change', text, values), reply)
})

await app.listen({ host: '127.0.0.1', port: Number(process.env.PORT) })
