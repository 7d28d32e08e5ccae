// Parses docs/asyncapi.json with AsyncAPI's own parser.
import { readFile } from "node:fs/promises";
import { Parser, fromFile } from "@asyncapi/parser";

const file = process.argv[2];
const parser = new Parser();
const { document, diagnostics } = await fromFile(parser, file).parse();
const errors = diagnostics.filter((diagnostic) => diagnostic.severity === 0);
for (const { message, path } of errors) console.error(`${path.join("/")}: ${message}`);
if (errors.length || !document) process.exit(1);
console.log(`${document.channels().length} channels, ${document.messages().length} messages.`);
