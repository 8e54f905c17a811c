-- Sends the requests of a file, at random or (with `in-order`) each once, and writes the figures as JSON. Each line is
-- `METHOD path body header`, separated by tabs. Only a request with a body has the Content-Type.
local requests, sent, in_order = {}, 0, false

function init(args)
  math.randomseed(os.time())
  in_order = args[2] == "in-order"
  for line in io.lines(args[1]) do
    local method, path, body, header = line:match("^([^\t]*)\t([^\t]*)\t([^\t]*)\t(.*)$")
    local headers = {}
    for name, value in pairs(wrk.headers) do
      if body ~= "" or name ~= "Content-Type" then headers[name] = value end
    end
    local name, value = header:match("^(.-): (.*)$")
    if name then headers[name] = value end
    requests[#requests + 1] = wrk.format(method, path, headers, body ~= "" and body or nil)
  end
end

function request()
  sent = sent + 1
  return requests[in_order and (sent - 1) % #requests + 1 or math.random(#requests)]
end

function done(summary, latency)
  local errors = summary.errors
  io.stderr:write(string.format(
    '{"requests":%d,"seconds":%f,"p99_ms":%f,"errors":%d}\n',
    summary.requests, summary.duration / 1e6, latency:percentile(99) / 1e3,
    errors.connect + errors.read + errors.write + errors.status + errors.timeout))
end
