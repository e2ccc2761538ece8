// The npm package jose behind one line of JSON in, one line of JSON out, until stdin ends.
// The first argument is the folder that npm installed it to.
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { createInterface } from 'node:readline';

const jose = createRequire(join(process.argv[2], 'peer.js'))('jose');

const verbs = {
    async encrypt({ publicJwk, alg, enc, plaintext }) {
        const key = await jose.importJWK(publicJwk, alg);
        return { compact: await new jose.CompactEncrypt(Buffer.from(plaintext, 'utf8')).setProtectedHeader({ alg, enc, kid: publicJwk.kid }).encrypt(key) };
    },
    async decrypt({ privateJwk, compact }) {
        const { alg } = jose.decodeProtectedHeader(compact);
        const opened = await jose.compactDecrypt(compact, await jose.importJWK(privateJwk, alg));
        return { plaintext: Buffer.from(opened.plaintext).toString('utf8') };
    },
    async thumbprint({ publicJwk }) {
        return { thumbprint: await jose.calculateJwkThumbprint(publicJwk, 'sha256') };
    },
};

for await (const line of createInterface({ input: process.stdin })) {
    const request = JSON.parse(line);
    let answer;
    try {
        answer = await verbs[request.verb](request);
    } catch (fault) {
        answer = { error: String(fault) };
    }
    process.stdout.write(JSON.stringify(answer) + '\n');
}
