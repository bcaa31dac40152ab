-- Requests for wrk: METHOD PATH [DEPTH [BODY-FILE [COUNT [PIPELINED [SALT]]]]]
-- "%d" in PATH becomes a running number, modulo COUNT unless that is 0.
local method, path, count, pipelined, salt
local headers, body, number = {}, nil, 0
local ready

local function one()
   local target = path:gsub("%%d", salt .. number)
   number = number + 1
   if count > 0 and number >= count then number = 0 end
   return wrk.format(method, target, headers, body)
end

function init(args)
   method, path = args[1], args[2]
   if args[3] and args[3] ~= "-" then headers["Depth"] = args[3] end
   if args[4] and args[4] ~= "-" then
      local file = io.open(args[4], "rb")
      body = file:read("*a")
      file:close()
      if body:find("^<%?xml") then headers["Content-Type"] = "application/xml" end
   end
   count = tonumber(args[5] or "0")
   pipelined = tonumber(args[6] or "1")
   salt = args[7] or ""
   headers["Host"] = wrk.headers["Host"]
   if not path:find("%%d") then
      ready = one()
      if pipelined > 1 then ready = ready:rep(pipelined) end
   end
end

function request()
   return ready or one()
end

function done(summary, latency, requests)
   local errors = summary.errors
   io.write(string.format(
      '\n{"requests": %d, "us": %d, "statuses": %d, "broken": %d, "p50": %d, "p99": %d}\n',
      summary.requests, summary.duration, errors.status,
      errors.connect + errors.read + errors.write + errors.timeout,
      latency:percentile(50), latency:percentile(99)))
end
