-- wrk's script: Procore's webhooks in payload version v2.0, each with ids of its own.
-- Arguments: the Authorization header, the number to begin with, and the resource. The last line printed is JSON.

local template = table.concat({
  '{"id":%d,"ulid":"01JBENCH%018d","timestamp":"2026-11-24T16:20:31Z",',
  '"metadata":{"source_user_id":160586,"source_project_id":%d,"source_operation_id":null,',
  '"source_company_id":4907,"source_application_id":null},',
  '"user_id":160586,"company_id":4907,"project_id":%d,"api_version":"v2.0",',
  '"event_type":"update","resource_name":"%s","resource_id":%d}',
})
local number, resource = 0, ""

function init(arguments)
  wrk.method = "POST"
  wrk.headers["Content-Type"] = "application/json"
  wrk.headers["Authorization"] = arguments[1]
  number, resource = tonumber(arguments[2]), arguments[3]
end

function request()
  number = number + 1
  local project = 310000 + number % 1000
  return wrk.format(nil, nil, nil, template:format(number, number, project, project, resource, 7000000 + number))
end

function done(summary, latency)
  local errors = summary.errors
  io.write(string.format(
    '\n{"requests":%d,"microseconds":%d,"not_ok":%d,"broken":%d,"p50":%d,"p99":%d}\n',
    summary.requests, summary.duration, errors.status, errors.connect + errors.read + errors.write + errors.timeout,
    latency:percentile(50), latency:percentile(99)
  ))
end
