// Prints the token that IBM's SDK for Node.js gets. Usage: client.js URL, with the API key on stdin.

const { readFileSync } = require('node:fs');
const { IamAuthenticator } = require('ibm-cloud-sdk-core');

const authenticator = new IamAuthenticator({ apikey: readFileSync(0, 'utf8').trim(), url: process.argv[2] });
authenticator.tokenManager.getToken().then(console.log);
