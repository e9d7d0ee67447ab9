"""A Procore to try things on: owner invoices, webhooks and rate limits over real HTTP, without an account.

Start it, fill it, approve an invoice:

    python -m deploy.sandbox.procore --port 9400 --time-scale 60

    curl -X POST localhost:9400/sandbox/companies -H 'Content-Type: application/json' -d '{"id": 415}'

Two sides, one address:

- **/oauth, /rest** behave as Procore does (client id `sandbox-client`, secret `sandbox-secret`, header
  `Procore-Company-Id`). Point `PROCORE_API_URL` and `PROCORE_LOGIN_URL` here.

- **/sandbox** is what people do in Procore's screens (create, edit, approve as a user, delete), plus trouble
  on order, a clock, and `/sandbox/history` as the oracle. **/docs** lists every route with its fields. From
  Python use `deploy.sandbox.procore.control_client.SandboxControl`.

Good to know:

- Amounts are derived: give lines and percents, and G702 and G703 agree to the cent, also with the invoice
  before.

- With a time scale of 60 a minute passes each second: token life, rate windows, back-off, and the twelve
  hours until a failing hook's queue is thrown away. What a client waits by (`Retry-After`,
  `X-Rate-Limit-Reset`) and the five seconds a receiver may take are real time. Time stamps run ahead of the
  wall clock accordingly.

- Nothing here was checked against a live Procore account. Where Procore says nothing (order of deliveries,
  the inner shape of permission templates, whether a company hook hears project events) there is a switch or
  a plain guess.
"""
