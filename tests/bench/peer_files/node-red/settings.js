// Node-RED as it comes, on loopback, with a pool of connections for the flow.
const { Pool } = require("pg");

module.exports = {
  uiHost: "127.0.0.1",
  uiPort: Number(process.env.PORT),
  flowFile: "flows.json",
  functionGlobalContext: { pool: new Pool({ connectionString: process.env.DATABASE_URL, max: 10 }) },
  logging: { console: { level: "warn" } },
};
