-- LOCK and UNLOCK in turn for wrk: PATH, in which "%d" is the thread. One connection for each
-- thread, so that an answer is that of the last request.
local thread_count = 0
local first, path, token
local moves = 0
local body = '<?xml version="1.0"?><D:lockinfo xmlns:D="DAV:"><D:lockscope><D:exclusive/>' ..
   '</D:lockscope><D:locktype><D:write/></D:locktype><D:owner>bench</D:owner></D:lockinfo>'

function setup(thread)
   thread:set("number", thread_count)
   thread_count = thread_count + 1
end

function init(args)
   first = args[1]:gsub("%%d", number)
   path = first
end

function request()
   local host = wrk.headers["Host"]
   if token then
      return wrk.format("UNLOCK", path, {["Host"] = host, ["Lock-Token"] = token})
   end
   local headers = {["Host"] = host, ["Timeout"] = "Second-60",
                    ["Content-Type"] = "application/xml"}
   return wrk.format("LOCK", path, headers, body)
end

function response(status, headers)
   if status == 423 then -- a run that was ended between the two has left its lock there
      moves = moves + 1
      path = first .. "-" .. moves
   end
   if token then
      token = nil
      return
   end
   for name, value in pairs(headers) do
      if name:lower() == "lock-token" then token = value end
   end
end

function done(summary, latency, requests)
   local errors = summary.errors
   io.write(string.format(
      '\n{"requests": %d, "us": %d, "statuses": %d, "broken": %d, "p50": %d, "p99": %d}\n',
      summary.requests, summary.duration, errors.status,
      errors.connect + errors.read + errors.write + errors.timeout,
      latency:percentile(50), latency:percentile(99)))
end
