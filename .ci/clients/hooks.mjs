// Receives webhooks and verifies each with the published library: hooks.mjs FILE. Prints its port, then a line per delivery.
import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { Webhook } from 'standardwebhooks';

const [secretFile] = process.argv.slice(2);

function verified(body, headers) {
  // The secret is known only after the endpoint was created.
  const hook = new Webhook(readFileSync(secretFile, 'utf8').trim());
  const data = hook.verify(body, headers);
  try {
    hook.verify(`${body} `, headers);
  } catch {
    return `verified ${data.type} ${headers['webhook-id']}`;
  }
  return 'FORGED body accepted';
}

const server = createServer((request, response) => {
  const parts = [];
  request.on('data', (part) => parts.push(part));
  request.on('end', () => {
    const body = Buffer.concat(parts).toString('utf8');
    try {
      console.log(verified(body, request.headers));
    } catch (error) {
      console.log(`FAILED ${error}: ${JSON.stringify(request.headers)} ${body}`);
    }
    response.writeHead(204).end();
  });
});
server.listen(0, '127.0.0.1', () => console.log(server.address().port));
