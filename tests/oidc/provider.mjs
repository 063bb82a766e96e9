// A real OpenID provider on the loopback: node provider.mjs '[{client…}, …]'. Prints {"issuer"} once it listens.
// Whoever logs in by its form is the account of that name; PUT /test/accounts/NAME sets what it says of somebody.
import { generateKeyPairSync } from 'node:crypto';
import { createServer } from 'node:http';
import { Provider } from 'oidc-provider';

const accounts = new Map();

function signingKey(kid, type, options) {
  return { ...generateKeyPairSync(type, options).privateKey.export({ format: 'jwk' }), use: 'sig', kid };
}

const server = createServer();
server.listen(0, '127.0.0.1', () => {
  const issuer = `http://127.0.0.1:${server.address().port}`;
  const provider = new Provider(issuer, {
    clients: JSON.parse(process.argv[2]),
    claims: { openid: ['sub'], email: ['email', 'email_verified'], profile: ['name', 'picture', 'preferred_username'] },
    cookies: { keys: ['of no worth'] },
    findAccount: (ctx, sub) => ({ accountId: sub, claims: async () => ({ sub, ...accounts.get(sub) }) }),
    jwks: { keys: [signingKey('rsa', 'rsa', { modulusLength: 2048 }), signingKey('ec', 'ec', { namedCurve: 'P-256' })] },
    pkce: { required: () => true },
  });
  provider.use(async (ctx, next) => {
    if (ctx.method !== 'PUT' || !ctx.path.startsWith('/test/accounts/')) return next();
    const chunks = [];
    for await (const chunk of ctx.req) chunks.push(chunk);
    accounts.set(decodeURIComponent(ctx.path.slice('/test/accounts/'.length)), JSON.parse(Buffer.concat(chunks)));
    ctx.status = 204;
  });
  server.on('request', provider.callback());
  console.log(JSON.stringify({ issuer }));
});
