// Runs the GraphQL-over-HTTP audit of npm's graphql-http against the URL given, and prints its results as JSON.
import { auditServer } from "graphql-http";

const results = await auditServer({ url: process.argv[2] });
console.log(JSON.stringify(results.map(({ id, name, status, reason }) => ({ id, name, status, reason }))));
