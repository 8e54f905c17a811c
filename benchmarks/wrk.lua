-- Sends the requests of a file in random order and writes the figures as JSON. Each line of the file is
-- `METHOD path [body]`, separated by tabs.
local requests = {}

local function formatted(method, path, body)
  if body == "" then return wrk.format(method, path) end
  local headers = { ["Content-Type"] = "application/json" }
  for name, value in pairs(wrk.headers) do headers[name] = value end
  return wrk.format(method, path, headers, body)
end

function init(args)
  math.randomseed(os.time())
  for line in io.lines(args[1]) do
    local method, path, body = line:match("^([^\t]*)\t([^\t]*)\t?(.*)$")
    requests[#requests + 1] = formatted(method, path, body)
  end
  local count = #requests
  if count > 1 then
    request = function() return requests[math.random(count)] end
  else
    request = function() return requests[1] end
  end
end

function done(summary, latency, requests)
  local errors = summary.errors
  io.stderr:write(string.format(
    '{"requests":%d,"seconds":%f,"bytes":%d,"p50_ms":%f,"p99_ms":%f,"max_ms":%f,'
      .. '"connect":%d,"read":%d,"write":%d,"status":%d,"timeout":%d}\n',
    summary.requests, summary.duration / 1e6, summary.bytes,
    latency:percentile(50) / 1e3, latency:percentile(99) / 1e3, latency.max / 1e3,
    errors.connect, errors.read, errors.write, errors.status, errors.timeout))
end
